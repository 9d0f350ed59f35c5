/** bpf_probe_read_user, its string form, and bpf_copy_from_user (kernel/trace/bpf_trace.c, kernel/bpf/helpers.c): the caller's memory, as far as it is described. */
import { ERRNO } from '../uapi/errno.ts';
import { checkWrite } from './check-mem.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** The caller's bytes from an address on, at most `max`; empty where nothing is. */
function userBytes(rc: RunCtx, lo: number, hi: number, max: number): Uint8Array {
  const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  for (const { address: base, bytes } of rc.userMemory) {
    const at = address - base;
    if (at >= 0n && at < BigInt(bytes.length)) return bytes.subarray(Number(at), Number(at) + max);
  }
  return new Uint8Array(0);
}

function fails(rc: RunCtx, at: number, bytes: number): number {
  rc.mem.u8.fill(0, at, at + bytes);
  return -ERRNO.EFAULT;
}

/** All of it, or zeros. */
const read: HelperMaker = (rc) => (to, size, lo, hi) => {
  const [at, bytes] = [to! >>> 0, size! >>> 0];
  if (!checkWrite(rc, at, bytes) || bytes === 0) return 0;
  const found = userBytes(rc, lo!, hi!, bytes);
  if (found.length < bytes) return fails(rc, at, bytes);
  rc.mem.u8.set(found, at);
  return 0;
};

/** Length with the NUL, which is always written. */
const readStr: HelperMaker = (rc) => (to, size, lo, hi) => {
  const [at, bytes] = [to! >>> 0, size! >>> 0];
  if (!checkWrite(rc, at, bytes) || bytes === 0) return 0;
  const found = userBytes(rc, lo!, hi!, bytes);
  const end = found.indexOf(0);
  if (end < 0 && found.length < bytes) return fails(rc, at, bytes);
  const text = end < 0 ? bytes - 1 : end;
  rc.mem.u8.set(found.subarray(0, text), at);
  rc.mem.u8[at + text] = 0;
  return text + 1;
};

/** By helper name. */
export const USER_READ_HELPERS: Readonly<Record<string, HelperMaker>> = {
  probe_read_user: read,
  probe_read_user_str: readStr,
  copy_from_user: read,
};
