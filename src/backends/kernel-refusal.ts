/** Refusals of the kernel's as the record everything else reports them with. */
import { errnoName, type Refusal, type Where } from '../../engine/index.ts';

/** The hint that belongs to an errno wherever it comes from bpf(2). */
const HINTS: Readonly<Record<string, string>> = {
  EPERM: 'needs root, or CAP_BPF with CAP_NET_ADMIN and CAP_PERFMON',
  ENOMEM: 'no memory for it',
  E2BIG: 'too large for this kernel',
};

/** `WHAT: ENAME`, with a hint where the errno alone would puzzle. */
export function kernelRefusal(stage: Refusal['stage'], errno: number, what: string, where: Where): Refusal {
  const name = errnoName(errno);
  const hint = HINTS[name];
  return { stage, errno, message: `${what} (${name}${hint === undefined ? '' : `: ${hint}`})`, where };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'stage' in value && 'message' in value;
}
