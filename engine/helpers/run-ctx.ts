/** The state of one run that helpers work on (the kernel's struct bpf_run_ctx and what hangs off it), one per world, renewed each run. */
import type { RunEnv } from '../env.ts';
import type { FaultKind, RegionKind } from '../layout.ts';
import type { MapHost } from '../maps/map.ts';
import type { WorldMemory } from '../memory.ts';
import type { Netns } from '../net/netns.ts';
import type { Skb } from '../net/skb.ts';
import type { SocketTable } from '../net/socket-table.ts';
import type { XdpPacket } from '../net/xdp-buff.ts';
import type { ClonedPacket, KernelStruct, OutputRecord, RedirectTarget, UserMemory } from '../run/types.ts';

/** A redirect as the last helper asked for it (struct bpf_redirect_info). */
export type RedirectInfo = RedirectTarget;

export interface RunCtx {
  readonly mem: WorldMemory;
  readonly host: MapHost;
  /** Settled before each run. */
  env: RunEnv;
  /** PROG_TYPE of the running program. */
  progType: number;
  /** Exactly one of these is set for packet programs. */
  skb: Skb | null;
  xdp: XdpPacket | null;
  /** Live frame mode: redirects are noted in memory (net/live-layout.ts) and acted upon, not told to user space. */
  live?: boolean;
  /** The namespace of the run, its sockets in memory, and references to them that the program has not given back. */
  netns: Netns;
  readonly sockets: SocketTable;
  socketsHeld: number;
  /** The caller's memory, as far as it is described. */
  userMemory: readonly UserMemory[];
  /** Structs that the program gets from the kernel, as its types have them. */
  kernelStructs: readonly KernelStruct[];
  /** Device of the packet in hand, 0 without one. */
  ifindex: number;
  /** SK_LOOKUP: the socket selected so far (0: none), and whether its reuseport group would be asked. */
  lookup: { readonly selected: number; readonly reuseport: boolean };
  /** ktime reads so far in this run. */
  clockReads: number;
  /** Address of the struct bpf_timer whose callback is running, 0 outside of callbacks. */
  timer: number;
  /** State of the pseudo-random generator, seeded from env.seed when the run starts. */
  random: number;
  redirect: RedirectInfo | null;
  /** Which run of the call noted it: PRIV.RUNS_LEFT as it was. */
  redirectRun: number;
  /** Sends a copy at once, where packets are really sent: what bpf_clone_redirect returns. */
  send?: (ifindex: number, ingress: boolean, data: Uint8Array) => number;
  /** Copies that bpf_clone_redirect sent off. */
  clones: ClonedPacket[];
  printk: string[];
  records: OutputRecord[];
  /** First `length` bytes of the packet in hand, fragments included; null when it is shorter or there is none. */
  packetBytes(length: number): Uint8Array | null;
  /** Names of maps for records and redirects. */
  mapName(handle: number): string;
  /**
   * Calls the BPF function behind a table index with up to five arguments (each an address or a u32) and returns r0's low half.
   * Frames nest; a trap inside passes through.
   */
  callFunc(index: number, r1: number, r2: number, r3: number, r4: number, r5: number): number;
  /** Records a fault in PRIV for the JIT's code to leave on, and returns 0 so that a helper can `return rc.fault(…)`. */
  fault(kind: FaultKind, address: number, size: number, write: boolean, region: RegionKind): number;
}

/** Makes the import for one world: called once, so that closures hold what they need. */
export type HelperMaker = (rc: RunCtx) => (...args: number[]) => number;
