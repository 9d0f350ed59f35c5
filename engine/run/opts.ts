/** The rules BPF_PROG_RUN has for its attributes before any type looks at the packet (bpf_prog_test_run, bpf_ctx_init). */
import { ERRNO } from '../uapi/errno.ts';
import type { ProgRunOpts } from './types.ts';

export {
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE as F_SKB_CHECKSUM_COMPLETE,
  BPF_F_TEST_XDP_LIVE_FRAMES as F_XDP_LIVE_FRAMES,
} from '../uapi/bpf-commands.ts';

const PAGE_SIZE = 4096;

/** Why the call fails: a positive errno and one plain sentence. */
export interface Failure {
  readonly errno: number;
  readonly reason: string;
}

export const invalid = (reason: string): Failure => ({ errno: ERRNO.EINVAL, reason });

/** What a program type accepts in the attributes that are no data. */
export interface OptRules {
  /** Bits of `flags` that are taken. */
  readonly flags: number;
  readonly cpu: 'must be 0' | 'ignored' | 'needs BPF_F_TEST_RUN_ON_CPU';
}

/** What a program type accepts as data_in. */
export interface DataRules {
  /** Bytes of data_in; null: none may be given. */
  readonly data: { readonly least: number; readonly most: number; readonly note: string } | null;
}

/** The size of data_in against the contract of the type. */
export function checkData(opts: ProgRunOpts, { data }: DataRules): Failure | null {
  const size = opts.data_in?.length ?? 0;
  if (data === null) return size === 0 ? null : invalid('data_in: this program type takes no packet');
  if (size < data.least) return invalid(`data_in has ${size} bytes, the least is ${data.least}`);
  return size > data.most ? invalid(`data_in has ${size} bytes, more than ${data.most}`) : null;
}

/** bpf(2) looks at this before it looks at the program. */
export function checkBuffers(opts: ProgRunOpts): Failure | null {
  if (opts.ctx_in?.length === 0) return invalid('ctx_in is given with size 0');
  if (opts.ctx_size_out === 0) return invalid('ctx_out is given with size 0');
  return null;
}

/** The flags, cpu and batch_size of one call, against the contract of the type; live mode is not the caller's. */
export function checkOpts(opts: ProgRunOpts, rules: OptRules): Failure | null {
  const flags = (opts.flags ?? 0) >>> 0;
  const unknown = (flags & ~rules.flags) >>> 0;
  if (unknown !== 0) return invalid(`flags ${hex(flags)}: this program type does not take ${hex(unknown)}`);
  if (rules.cpu === 'must be 0' && (opts.cpu ?? 0) !== 0)
    return invalid('cpu: this program type runs on the calling CPU only');
  if ((opts.batch_size ?? 0) !== 0) return invalid('batch_size is for live frame mode only');
  return null;
}

/**
 * bpf_ctx_init: the context the user gave as a struct of `size` bytes, the rest zero; null when neither ctx_in nor ctx_out
 * is given. E2BIG when there are more bytes than the struct has and one of them is not zero.
 */
export function contextOf(opts: ProgRunOpts, name: string, size: number): Uint8Array | null | Failure {
  const given = opts.ctx_in;
  if (given === undefined) return opts.ctx_size_out === undefined ? null : new Uint8Array(size);
  if (given.length > PAGE_SIZE) {
    return { errno: ERRNO.E2BIG, reason: `ctx_in has ${given.length} bytes, more than a page` };
  }
  const nonzero = given.findIndex((byte, at) => at >= size && byte !== 0);
  if (nonzero >= 0) {
    return {
      errno: ERRNO.E2BIG,
      reason: `ctx_in: byte ${nonzero} lies behind struct ${name} (${size} bytes) and is not 0`,
    };
  }
  const ctx = new Uint8Array(size);
  ctx.set(given.subarray(0, size));
  return ctx;
}

export function isFailure(value: object | null): value is Failure {
  return value !== null && 'errno' in value;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
