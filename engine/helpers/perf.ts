/** bpf_perf_event_output (kernel/trace/bpf_trace.c, net/core/filter.c): data, then as much of the packet as the flags ask for. */
import { PerfEventArray } from '../maps/perf-event-array.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { badMap } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** BPF_F_CTXLEN_MASK in the flags' upper half: bytes of the packet to append. */
const CTXLEN_MASK = 0xf_ffff;
const NOTHING = new Uint8Array(0);

/** The record holds the bytes sent; the padding to 8 bytes that perf's ring adds behind them is left out. */
const output: HelperMaker = (rc) => (_ctx, handle, flagsLo, flagsHi, data, size) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof PerfEventArray)) return badMap(rc, handle!);
  if (!checkRead(rc, data!, size!)) return 0;
  const packet = payload(rc, flagsHi! >>> 0);
  if (typeof packet === 'number') return packet;
  const errno = map.accepts(flagsLo! >>> 0);
  if (errno !== 0) return errno;
  const meta = size! >>> 0;
  const bytes = new Uint8Array(meta + packet.length);
  bytes.set(rc.mem.u8.subarray(data! >>> 0, (data! >>> 0) + meta));
  bytes.set(packet, meta);
  rc.records.push({ map: rc.mapName(map.handle), kind: 'perf', cpu: rc.env.cpu, data: bytes });
  return 0;
};

/** The part of the packet that the flags' upper half asks for, or a negative errno; only packet programs may ask for any. */
function payload(rc: RunCtx, wanted: number): Uint8Array | number {
  if (wanted === 0) return NOTHING;
  if ((rc.skb === null && rc.xdp === null) || (wanted & ~CTXLEN_MASK) !== 0) return -ERRNO.EINVAL;
  return rc.packetBytes(wanted) ?? -ERRNO.EFAULT;
}

/** By helper name. */
export const PERF_HELPERS: Readonly<Record<string, HelperMaker>> = { perf_event_output: output };
