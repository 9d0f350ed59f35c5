/**
 * bpf_probe_read_kernel and bpf_probe_read (kernel/trace/bpf_trace.c): memory that is the program's own is read, any other address
 * is one that nothing is mapped at.
 */
import { ERRNO } from '../uapi/errno.ts';
import { checkWrite } from './check-mem.ts';
import { readableAt } from './quiet-read.ts';
import type { HelperMaker } from './run-ctx.ts';

const probeRead: HelperMaker = (rc) => (to, size, lo, hi) => {
  const bytes = size! >>> 0;
  const at = to! >>> 0;
  if (!checkWrite(rc, at, bytes)) return 0;
  if (bytes === 0) return 0;
  if (hi !== 0 || readableAt(rc, lo! >>> 0, bytes) < bytes) {
    rc.mem.u8.fill(0, at, at + bytes);
    return -ERRNO.EFAULT;
  }
  rc.mem.u8.copyWithin(at, lo! >>> 0, (lo! >>> 0) + bytes);
  return 0;
};

/** Length with the NUL, which is always written. */
const probeReadStr: HelperMaker = (rc) => (to, size, lo, hi) => {
  const bytes = size! >>> 0;
  const at = to! >>> 0;
  if (!checkWrite(rc, at, bytes)) return 0;
  if (bytes === 0) return 0;
  const from = lo! >>> 0;
  const length = hi === 0 ? readableAt(rc, from, bytes) : 0;
  const end = length === 0 ? -1 : rc.mem.u8.subarray(from, from + length).indexOf(0);
  if (end < 0 && length < bytes) {
    rc.mem.u8.fill(0, at, at + bytes);
    return -ERRNO.EFAULT;
  }
  const text = end < 0 ? bytes - 1 : end;
  rc.mem.u8.copyWithin(at, from, from + text);
  rc.mem.u8[at + text] = 0;
  return text + 1;
};

/** By helper name. */
export const PROBE_READ_HELPERS: Readonly<Record<string, HelperMaker>> = {
  probe_read: probeRead,
  probe_read_kernel: probeRead,
  probe_read_str: probeReadStr,
  probe_read_kernel_str: probeReadStr,
};
