/** bpf_trace_printk, bpf_trace_vprintk (kernel/trace/bpf_trace.c) and bpf_snprintf (kernel/bpf/helpers.c). */
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { type ArgMemory, type Args, formatText, VARARGS_MAX } from './format.ts';
import { readableAt } from './quiet-read.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** MAX_BPRINTF_BUF */
const TEXT_MAX = 1024;
const NUL = 0;
const NEWLINE = 0x0a;
/** Longest string that bpf_snprintf's format can be: it ends where its map value ends. */
const FORMAT_MAX = 1 << 20;

const decoder = new TextDecoder();

function memoryOf(rc: RunCtx): ArgMemory {
  return {
    read(lo, hi, max) {
      const length = hi === 0 ? readableAt(rc, lo >>> 0, max) : 0;
      return length === 0 ? null : rc.mem.u8.subarray(lo >>> 0, (lo >>> 0) + length);
    },
  };
}

/** The format without its NUL; undefined when it has none. */
function formatAt(rc: RunCtx, address: number, size: number): Uint8Array | undefined {
  const bytes = rc.mem.u8.subarray(address >>> 0, (address >>> 0) + (size >>> 0));
  const end = bytes.indexOf(NUL);
  return end < 0 ? undefined : bytes.subarray(0, end);
}

/** Formats into the trace: the length of the whole text, or a negative errno. */
function trace(rc: RunCtx, fmt: number, size: number, args: Args): number {
  const format = formatAt(rc, fmt, size);
  const text = format === undefined ? -ERRNO.EINVAL : formatText(format, args, memoryOf(rc));
  if (typeof text === 'number') return text;
  const shown = text.slice(0, TEXT_MAX - 1);
  // A %c of 0 ends the text, as in C.
  const end = shown.indexOf(NUL);
  if (end >= 0) shown.length = end;
  if (shown.at(-1) === NEWLINE) shown.pop();
  rc.printk.push(decoder.decode(Uint8Array.from(shown)));
  return text.length;
}

const tracePrintk: HelperMaker = (rc) => (fmt, size, lo1, hi1, lo2, hi2, lo3, hi3) => {
  if (!checkRead(rc, fmt!, size!)) return 0;
  return trace(rc, fmt!, size!, Uint32Array.of(lo1!, hi1!, lo2!, hi2!, lo3!, hi3!));
};

/** Arguments of the kinds that take an array of u64; a negative errno when there are too many or half ones. */
function argsAt(rc: RunCtx, data: number, size: number): Args | number {
  const bytes = size >>> 0;
  if (bytes % 8 !== 0 || bytes > VARARGS_MAX * 8 || (bytes > 0 && data === 0)) return -ERRNO.EINVAL;
  return new Uint32Array(rc.mem.u8.slice(data >>> 0, (data >>> 0) + bytes).buffer);
}

const traceVprintk: HelperMaker = (rc) => (fmt, size, data, dataSize) => {
  if (!checkRead(rc, fmt!, size!) || !checkRead(rc, data!, dataSize!)) return 0;
  const args = argsAt(rc, data!, dataSize!);
  return typeof args === 'number' ? args : trace(rc, fmt!, size!, args);
};

/** Writes as much as fits, and a NUL; returns the bytes that all of it needs, NUL included. */
const snprintf: HelperMaker = (rc) => (to, room, fmt, data, dataSize) => {
  const size = room! >>> 0;
  if (!checkWrite(rc, to!, size) || !checkRead(rc, data!, dataSize!) || !checkRead(rc, fmt!, 1)) return 0;
  const args = argsAt(rc, data!, dataSize!);
  if (typeof args === 'number') return args;
  const format = formatAt(rc, fmt!, readableAt(rc, fmt! >>> 0, FORMAT_MAX));
  const text = format === undefined ? -ERRNO.EINVAL : formatText(format, args, memoryOf(rc));
  if (typeof text === 'number') return text;
  if (size > 0) {
    const shown = text.slice(0, size - 1);
    rc.mem.u8.set(shown, to! >>> 0);
    rc.mem.u8[(to! >>> 0) + shown.length] = NUL;
  }
  return text.length + 1;
};

/** By helper name. */
export const PRINT_HELPERS: Readonly<Record<string, HelperMaker>> = {
  trace_printk: tracePrintk,
  trace_vprintk: traceVprintk,
  snprintf,
};
