/** What live frame mode takes, and the kernel's rules for it (bpf_prog_test_run_xdp with BPF_F_TEST_XDP_LIVE_FRAMES). */

import type { LoadedProgram } from '../../load/types.ts';
import { BATCH_MAX, LIVE_PACKET_MAX, PP_REFILL } from '../../net/live-layout.ts';
import type { NetnsSpec } from '../../net/netns-spec.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { contextOf, F_XDP_LIVE_FRAMES, type Failure, invalid, isFailure } from '../opts.ts';
import type { ProgRunOpts } from '../types.ts';
import type { LinkSpec, NetnsName } from './devices.ts';
import type { VerdictName } from './programs.ts';

const XDP_MD_SIZE = 24;
const ETH_HLEN = 14;
const META_MAX = 216;
const LOOPBACK = 1;

/** A native XDP program on a device: loaded in the world of the run, or a verdict by name. */
export interface XdpAttachment {
  readonly netns?: NetnsName;
  readonly dev: number;
  readonly program: LoadedProgram | VerdictName;
}

/** How user space treats a UDP socket of a namespace: which one by its place among the namespace's sockets. */
export interface SocketUse {
  readonly netns?: NetnsName;
  readonly socket: number;
  /** Datagrams are read at the end of every batch; default true. */
  readonly read?: boolean;
  /** SO_RCVBUF's effect, in bytes; default 212992. */
  readonly rcvbuf?: number;
}

/**
 * A tc program at the ingress of a device, on every packet that goes up from there: SCHED_CLS, attached as its section says (`tcx/ingress`,
 * else as a direct-action filter of clsact). What it returns decides as in the kernel: OK, SHOT, STOLEN, REDIRECT, …
 */
export interface TcAttachment {
  readonly netns?: NetnsName;
  readonly dev: number;
  readonly program: LoadedProgram;
}

/**
 * Packets that frames are made of, instead of the one packet of the document. A frame's packet is written onto its page when the page is
 * taken, where the kernel writes it only onto new pages; all else stays as the kernel has it: bounds are reset, bytes behind and in front
 * of the packet are what the last use of the page left there.
 */
export interface LiveFrames {
  /** At least one; each as `data_in`: metadata of the length that ctx_in says comes first, then 14 to 3408 bytes. */
  readonly packets: readonly Uint8Array[];
  /** `turn`: frame n is packet n modulo their number (default); `random`: any of them, the same ones for the same `env.seed`. */
  readonly order?: 'turn' | 'random';
}

/** Faults on purpose. Frames are counted from 0 since the beginning of the run; what has `at_frame` happens just before that frame. */
export interface LiveFaults {
  /** Allocations of 64 pages that fail, counted from 0. */
  readonly alloc?: readonly number[];
  /** The frame for which no page is to be had, whatever the pool still has: the run ends with ENOMEM after the frames before it. */
  readonly page_at_frame?: number;
  /** Devices that go down or up. */
  readonly link?: readonly {
    readonly netns?: NetnsName;
    readonly dev: number;
    readonly at_frame: number;
    readonly up: boolean;
  }[];
  /** Veth devices whose ring takes nothing any more (as if NAPI did not run), or takes frames again. */
  readonly ring?: readonly {
    readonly netns?: NetnsName;
    readonly dev: number;
    readonly at_frame: number;
    readonly full: boolean;
  }[];
}

/**
 * How frames are sent live (BPF_F_TEST_XDP_LIVE_FRAMES): the attributes of an ordinary run, and the world they go through.
 */
export interface LiveOpts extends Omit<ProgRunOpts, 'user_memory'> {
  /** Infinity: until somebody stops it. */
  readonly repeat?: number;
  /** The namespace that the program runs in. */
  readonly netns?: NetnsSpec;
  /** The namespace of the far ends. */
  readonly far?: NetnsSpec;
  readonly links?: readonly LinkSpec[];
  readonly xdp?: readonly XdpAttachment[];
  readonly sockets?: readonly SocketUse[];
  /** Programs at tc ingress, at most one a device. */
  readonly tc?: readonly TcAttachment[];
  /** What frames are made of; default: all of `data_in`, which is then the first of these where it is not given. */
  readonly frames?: LiveFrames;
  readonly faults?: LiveFaults;
  /** Pages that pool, queues, sockets and copies may hold together; default: what the devices, maps and sockets can hold at once. */
  readonly pages?: number;
  /** false: every frame goes through the TypeScript that the generated code is measured against; default true. */
  readonly generated?: boolean;
}

/** The attributes, checked and with their defaults. */
export interface LiveSetup {
  readonly data_in: Uint8Array;
  readonly meta: number;
  readonly repeat: number;
  readonly batch_size: number;
  /** 0: not given, which is loopback. */
  readonly ingress_ifindex: number;
  readonly rx_queue_index: number;
}

/** Everything the kernel refuses before the first frame, in its order; devices are asked about by the caller. */
export function checkLive(opts: LiveOpts): LiveSetup | Failure {
  const flags = (opts.flags ?? F_XDP_LIVE_FRAMES) >>> 0;
  if (flags !== F_XDP_LIVE_FRAMES) return invalid('flags: BPF_F_TEST_XDP_LIVE_FRAMES goes with no other flag');
  const batch = (opts.batch_size ?? 0) >>> 0;
  if (batch > BATCH_MAX) {
    return { errno: ERRNO.E2BIG, reason: `batch_size is ${batch}, a batch has at most ${BATCH_MAX} frames` };
  }
  const data_in = opts.data_in ?? opts.frames?.packets[0] ?? new Uint8Array(0);
  const ctx = contextOf(opts, 'xdp_md', XDP_MD_SIZE);
  if (isFailure(ctx)) return ctx;
  if (ctx !== null) {
    if (opts.ctx_size_out !== undefined) return invalid('ctx_out: live frames give no context back');
    if (opts.data_out === true) return invalid('data_out: live frames give no packet back when ctx_in is given');
  }
  const setup = shapeOf(opts, data_in, ctx, batch);
  return isFailure(setup) ? setup : (framesProblem(opts.frames, setup.meta) ?? setup);
}

/** The first packet of a list that is no live frame. */
function framesProblem(frames: LiveFrames | undefined, meta: number): Failure | null {
  if (frames === undefined) return null;
  if (frames.packets.length === 0) return invalid('frames: there is no packet');
  for (const [i, { length }] of frames.packets.entries()) {
    const problem = lengthProblem(length, meta);
    if (problem !== null) return invalid(`frames: packet ${i}: ${problem}`);
  }
  return null;
}

function lengthProblem(size: number, meta: number): string | null {
  if (size - meta < ETH_HLEN) return `${size - meta} bytes are less than an Ethernet header`;
  const most = LIVE_PACKET_MAX + meta;
  return size > most ? `${size} bytes, a live frame has at most ${most}` : null;
}

function shapeOf(opts: LiveOpts, data_in: Uint8Array, ctx: Uint8Array | null, batch: number): LiveSetup | Failure {
  const md = ctx === null ? null : new DataView(ctx.buffer);
  const word = (field: number): number => md?.getUint32(field * 4, true) ?? 0;
  const [meta, end, data_meta, ingress_ifindex, rx_queue_index, egress] = [0, 1, 2, 3, 4, 5].map(word) as [
    ...[number, number, number, number, number, number],
  ];
  const size = data_in.length;
  if (md !== null) {
    if (data_meta !== 0) return invalid('ctx_in: data_meta must be 0');
    if (end !== size)
      return invalid(`ctx_in: data_end is ${end}, and a live frame ends where data_in does, at ${size}`);
    if (meta > end) return invalid(`ctx_in: data is ${meta}, behind data_end ${end}`);
    if (meta % 4 !== 0) return invalid(`ctx_in: data is ${meta}, metadata has a length that is a multiple of 4`);
    if (meta > META_MAX) return invalid(`ctx_in: data is ${meta}, metadata has at most ${META_MAX} bytes`);
  }
  const problem = lengthProblem(size, meta);
  if (problem !== null) return invalid(`data_in: ${problem}`);
  if (egress !== 0) return invalid('ctx_in: egress_ifindex must be 0');
  if (ingress_ifindex === 0 && rx_queue_index !== 0) return invalid('ctx_in: rx_queue_index needs an ingress_ifindex');
  const given = opts.repeat ?? 1;
  const repeat = given === Infinity ? given : given >>> 0 === 0 ? 1 : given >>> 0;
  return { data_in, meta, repeat, batch_size: batch === 0 ? PP_REFILL : batch, ingress_ifindex, rx_queue_index };
}

export function ingressOf(setup: LiveSetup): number {
  return setup.ingress_ifindex === 0 ? LOOPBACK : setup.ingress_ifindex;
}
