/** Refusals of the kernel's as the record everything else reports them with. */
import { ERRNO, errnoName, type Refusal, type Where } from '../../../engine/index.ts';
import { whyForbidden } from './rights.ts';

/** What an errno alone would leave puzzling, wherever it comes from bpf(2). */
function hintFor(errno: number): string {
  if (errno === ERRNO.ENOMEM) return ': no memory for it';
  return errno === ERRNO.EPERM ? `: ${whyForbidden().reason}` : '';
}

/** `WHAT (ENAME)`, with a hint where one helps. */
export function kernelRefusal(stage: Refusal['stage'], errno: number, what: string, where: Where): Refusal {
  return { stage, errno, message: `${what} (${errnoName(errno)}${hintFor(errno)})`, where };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'stage' in value && 'message' in value;
}
