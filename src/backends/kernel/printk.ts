/** What bpf_trace_printk writes, through the tracepoint of that name: only this thread's lines, and nothing to clean up. */
import { existsSync, readFileSync } from 'node:fs';
import { PerfRing } from './perf.ts';
import { syscall } from './syscall.ts';

const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const EVENT = 'events/bpf_trace/bpf_trace_printk/id';
const CLONE_NEWNS = 0x2_0000;
const MS_REC_PRIVATE = 0x4000 | (1 << 18);
/** Bytes before the fields of the event's own. */
const COMMON = 8;

const text = (words: string): Uint8Array => new TextEncoder().encode(`${words}\0`);

/** Mounts tracefs where only this process sees it, in case nobody mounted it. */
function mountPrivately(): void {
  if (syscall('unshare', [CLONE_NEWNS]) < 0) return;
  syscall('mount', [text('none'), text('/'), null, MS_REC_PRIVATE, null]);
  syscall('mount', [text('tracefs'), text(ROOTS[0]!), text('tracefs'), 0, null]);
}

function tracepointId(): number | null {
  const find = () => ROOTS.map((root) => `${root}/${EVENT}`).find((path) => existsSync(path));
  let path = find();
  if (path === undefined) {
    mountPrivately();
    path = find();
  }
  return path === undefined ? null : Number(readFileSync(path, 'utf8'));
}

/** Opens the ring of printk lines; a sentence why there is none otherwise. */
export function openPrintk(): PerfRing | string {
  const id = tracepointId();
  if (id === null) return 'no tracefs to find the bpf_trace_printk tracepoint in';
  const ring = PerfRing.forTracepoint(id);
  return typeof ring === 'number' ? `perf_event_open of bpf_trace_printk gives errno ${-ring}` : ring;
}

/** The lines since the last call, as the program formatted them, without the newline at their end. */
export function takeLines(ring: PerfRing): string[] {
  const { samples, lost } = ring.drain();
  const lines = samples.map((sample) => {
    const at = new DataView(sample.buffer, sample.byteOffset).getUint16(COMMON, true);
    const bytes = sample.subarray(at);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).replace(/\n$/, '');
  });
  return lost === 0 ? lines : [...lines, `(${lost} lines lost: the trace ring was full)`];
}
