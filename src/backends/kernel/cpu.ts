/** Binds the process to one CPU, so that percpu values and bpf_get_smp_processor_id are what the request says. */
import { InputError } from '../../input-error.ts';
import { syscall } from './syscall.ts';

let pinned = -1;

/** sched_setaffinity(2) of the calling thread; gives the CPU back. Throws InputError where there is no such CPU. */
export function pinToCpu(cpu: number): number {
  if (cpu === pinned) return cpu;
  const mask = new Uint8Array(128);
  const at = cpu >> 3;
  if (at < mask.length) mask[at] = 1 << (cpu & 7);
  if (syscall('sched_setaffinity', [0, mask.length, mask]) < 0) throw new InputError(`this machine has no CPU ${cpu}`);
  pinned = cpu;
  return cpu;
}
