/** The ring buffer helpers (kernel/bpf/ringbuf.c). */
import { FAULT, PRIV, REGION } from '../layout.ts';
import { RingbufMap } from '../maps/ringbuf.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { badMap, u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
/** BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP */
const WAKEUP_FLAGS = 3;

const reserve: HelperMaker = (rc) => (handle, sizeLo, sizeHi, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof RingbufMap)) return badMap(rc, handle!);
  return (flagsLo! | flagsHi!) !== 0 ? 0 : map.reserve(u64(sizeLo!, sizeHi!));
};

/** Submits or discards a record that the program holds; any other pointer is a fault. */
export function commitRecord(rc: RunCtx, record: number, discard: boolean): 0 {
  const at = record >>> 0;
  const region = rc.mem.regionAtOrBelow(at);
  const map = region?.kind === REGION.RINGBUF ? rc.host.byHandle(region.map) : undefined;
  if (map instanceof RingbufMap && map.holds(at)) map.commit(at, discard);
  else rc.fault(FAULT.BAD_ARGUMENT, at, 0, false, REGION.RINGBUF);
  return 0;
}

const submit: HelperMaker = (rc) => (record) => commitRecord(rc, record!, false);

const discard: HelperMaker = (rc) => (record) => commitRecord(rc, record!, true);

const output: HelperMaker = (rc) => (handle, data, size, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof RingbufMap)) return badMap(rc, handle!);
  if (!checkRead(rc, data!, size!)) return 0;
  if (u64(flagsLo!, flagsHi!) > WAKEUP_FLAGS) return -ERRNO.EINVAL;
  return map.output(data! >>> 0, size! >>> 0);
};

const query: HelperMaker = (rc) => (handle, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof RingbufMap)) return badMap(rc, handle!);
  const value = map.query(u64(flagsLo!, flagsHi!));
  rc.mem.u32[R0] = value % 2 ** 32;
  rc.mem.u32[R0 + 1] = Math.floor(value / 2 ** 32);
  return 0;
};

/** By helper name. */
export const RINGBUF_HELPERS: Readonly<Record<string, HelperMaker>> = {
  ringbuf_reserve: reserve,
  ringbuf_submit: submit,
  ringbuf_discard: discard,
  ringbuf_output: output,
  ringbuf_query: query,
};
