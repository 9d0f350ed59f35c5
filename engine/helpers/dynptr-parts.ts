/** struct bpf_dynptr_kern as it lies in memory: what it shows, how much of it, from where on. A program could forge one, so whatever is reached through it is checked again. */
import { PRIV } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { RunCtx } from './run-ctx.ts';

/** sizeof(struct bpf_dynptr): data address, 0, size with kind and read-only bit above it, offset. */
export const DYNPTR_BYTES = 16;
const AT = { DATA: 0, SIZE: 8, OFFSET: 12 };
export const SIZE_MAX = (1 << 24) - 1;
const KIND_SHIFT = 28;
const RDONLY = 0x8000_0000;

/** enum bpf_dynptr_type */
export const DYNPTR = { INVALID: 0, LOCAL: 1, RINGBUF: 2, SKB: 3, XDP: 4 } as const;

export interface Dynptr {
  /** Address of the memory; of the context for packets; 0 for a null dynptr. */
  readonly data: number;
  readonly size: number;
  readonly kind: number;
  readonly offset: number;
  readonly readOnly: boolean;
}

export const NULL_DYNPTR: Dynptr = { data: 0, size: 0, kind: DYNPTR.INVALID, offset: 0, readOnly: false };

export function putDynptr(rc: RunCtx, at: number, { data, size, kind, offset, readOnly }: Dynptr): void {
  const { dv } = rc.mem;
  dv.setUint32(at + AT.DATA, data, true);
  dv.setUint32(at + AT.DATA + 4, 0, true);
  dv.setUint32(at + AT.SIZE, (size | (kind << KIND_SHIFT) | (readOnly ? RDONLY : 0)) >>> 0, true);
  dv.setUint32(at + AT.OFFSET, offset, true);
}

export function dynptrAt(rc: RunCtx, at: number): Dynptr {
  const { dv } = rc.mem;
  const word = dv.getUint32(at + AT.SIZE, true);
  return {
    data: dv.getUint32(at + AT.DATA, true),
    size: word & SIZE_MAX,
    kind: (word >>> KIND_SHIFT) & 7,
    offset: dv.getUint32(at + AT.OFFSET, true),
    readOnly: (word & RDONLY) !== 0,
  };
}

/** Whether it shows the packet in hand. */
export function showsPacket(rc: RunCtx, { kind, data }: Dynptr): boolean {
  if (data !== rc.mem.u32[PRIV.CTX_ADDR >> 2]) return false;
  return kind === DYNPTR.SKB ? rc.skb !== null : kind === DYNPTR.XDP && rc.xdp !== null;
}

/** bpf_dynptr_check_off_len: 0, or -E2BIG outside. */
export function checkRange({ size }: Dynptr, offset: number, bytes: number): number {
  return bytes > size || offset > size - bytes ? -ERRNO.E2BIG : 0;
}
