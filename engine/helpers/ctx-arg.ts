/** The packet behind a helper's context argument; a fault when the argument is not the context the program was given. */
import { FAULT, PRIV, REGION } from '../layout.ts';
import type { Skb } from '../net/skb.ts';
import type { XdpPacket } from '../net/xdp-buff.ts';
import type { RunCtx } from './run-ctx.ts';

const CTX_ADDR = PRIV.CTX_ADDR >> 2;

export function buffOf(rc: RunCtx, ctx: number): XdpPacket | null {
  if (rc.xdp !== null && ctx >>> 0 === rc.mem.u32[CTX_ADDR]) return rc.xdp;
  rc.fault(FAULT.BAD_ARGUMENT, ctx >>> 0, 0, false, REGION.CTX);
  return null;
}

export function skbOf(rc: RunCtx, ctx: number): Skb | null {
  if (rc.skb !== null && ctx >>> 0 === rc.mem.u32[CTX_ADDR]) return rc.skb;
  rc.fault(FAULT.BAD_ARGUMENT, ctx >>> 0, 0, false, REGION.CTX);
  return null;
}
