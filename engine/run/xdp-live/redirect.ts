/** What becomes of XDP_REDIRECT and XDP_TX in live frame mode (xdp_do_redirect_frame in net/core/filter.c). */
import type { World } from '../../load/types.ts';
import { CpuMap } from '../../maps/cpumap.ts';
import { DevMap } from '../../maps/dev.ts';
import { RedirectMap } from '../../maps/redirect-map.ts';
import { XskMap } from '../../maps/xskmap.ts';
import type { BulkQueues, Destination } from '../../net/bulk-queue.ts';
import type { CpuQueue } from '../../net/cpu-queue.ts';
import { BATCH_AT, DEV_AT, LIVE, MAP_LIVE, RI_IFINDEX, RI_NONE, ROW_AT, ROW_BYTES } from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice } from '../../net/net-device.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { MAP_TYPE } from '../../uapi/map-types.ts';
import type { LiveCpus } from './cpus.ts';
import type { LiveDevices } from './devices.ts';
import type { LivePrograms } from './programs.ts';

const BPF_F_EXCLUDE_INGRESS = 16;
const TGT_INDEX = LIVE.RI_TGT_INDEX >>> 2;
const MAP = LIVE.RI_MAP >>> 2;
const FLAGS = LIVE.RI_FLAGS >>> 2;
const FOUND = LIVE.RI_FOUND >>> 2;

/** A map's entries, resolved: devices, CPUs or sockets by key. */
interface Targets {
  readonly id: number;
  readonly devices: ReadonlyMap<number, Destination>;
  /** In the order of a broadcast. */
  readonly all: readonly Destination[];
  readonly cpus: ReadonlyMap<number, CpuQueue>;
  readonly sockets: Map<number, XskSocket>;
}

/** A stand-in for an AF_XDP socket in copy mode that user space always reads. */
export interface XskSocket {
  readonly map: string;
  readonly key: number;
  readonly queue: number;
  received: number;
}

export class LiveRedirects {
  /** The device that the last redirect went to by itself, null when it went elsewhere; and the slot of its event. */
  sentTo: LiveDevice | null = null;
  slot = 0;
  /** Called with every frame that reaches an AF_XDP socket. */
  onSocket: ((socket: XskSocket, page: number) => void) | null = null;
  private readonly world: World;
  private readonly state: LiveState;
  private readonly bulk: BulkQueues;
  private readonly devices: LiveDevices;
  private readonly programs: LivePrograms;
  private readonly cpus: LiveCpus;
  /** By descriptor address of the map. */
  private readonly targets = new Map<number, Targets>();

  constructor(
    world: World,
    state: LiveState,
    bulk: BulkQueues,
    devices: LiveDevices,
    programs: LivePrograms,
    cpus: LiveCpus,
  ) {
    this.world = world;
    this.state = state;
    this.bulk = bulk;
    this.devices = devices;
    this.programs = programs;
    this.cpus = cpus;
  }

  /** Resolves the entries of all redirect maps anew: user space may have changed them between two steps. */
  refresh(): void {
    for (const map of this.world.maps.all()) {
      if (!(map instanceof RedirectMap)) continue;
      const targets = this.resolve(map);
      this.targets.set(map.handle, targets);
      this.writeTable(map, targets);
    }
  }

  /** The entries where the generated loop finds them; without room for them it asks each time. */
  private writeTable(map: RedirectMap, { devices, all, cpus }: Targets): void {
    const { mem } = this.state;
    const { type, max_entries } = map.def;
    const words = map.handle >>> 2;
    mem.u32[words + (MAP_LIVE.ID >>> 2)] = map.id;
    mem.u32[words + (MAP_LIVE.SLOT >>> 2)] = 0;
    if (map instanceof DevMap) this.writeRows(map, MAP_LIVE.ALL, max_entries, all.entries(), true);
    if (type === MAP_TYPE.DEVMAP) this.writeRows(map, MAP_LIVE.TABLE, max_entries, devices, false);
    if (type === MAP_TYPE.CPUMAP) this.writeRows(map, MAP_LIVE.TABLE, max_entries, cpus, false);
  }

  /** Rows of ROW_AT at the address that the descriptor's word `field` holds; `counted`: how many there are stands in a row before them. */
  private writeRows(
    map: RedirectMap,
    field: number,
    most: number,
    rows: Iterable<readonly [number, Destination | CpuQueue]>,
    counted: boolean,
  ): void {
    const { mem } = this.state;
    const word = (map.handle + field) >>> 2;
    const bytes = (most + (counted ? 1 : 0)) * ROW_BYTES;
    const table = mem.u32[word]! || mem.alloc(bytes, 64);
    if (table === 0) return;
    mem.u32[word] = table;
    mem.u8.fill(0, table, table + bytes);
    const first = counted ? table + ROW_BYTES : table;
    for (const [key, to] of rows) {
      const row = (first + key * ROW_BYTES) >>> 2;
      mem.u32[row] = 'at' in to ? to.at : to.dev.at;
      mem.u32[row + (ROW_AT.PROG >>> 2)] = to.prog?.id ?? 0;
      if (counted) mem.u32[table >>> 2] = key + 1;
    }
  }

  private resolve(map: RedirectMap): Targets {
    const devices = new Map<number, Destination>();
    const cpus = new Map<number, CpuQueue>();
    const sockets = new Map<number, XskSocket>();
    const old = this.targets.get(map.handle);
    if (map instanceof DevMap) {
      for (const { key, ifindex, program } of map.destinations()) {
        const dev = this.devices.byIfindex(this.devices.near, ifindex);
        if (dev !== null) devices.set(key, { dev, prog: program === 0 ? null : this.programs.byId(program) });
      }
    } else if (map instanceof CpuMap) {
      for (const { cpu, qsize, program } of map.destinations())
        cpus.set(cpu, this.cpus.queue(map.id, cpu, qsize, program));
    } else if (map instanceof XskMap) {
      for (const { key, queue } of map.sockets()) {
        const received = old?.sockets.get(key)?.received ?? 0;
        sockets.set(key, { map: map.def.name, key, queue, received });
      }
    }
    return { id: map.id, devices, all: [...devices.values()], cpus, sockets };
  }

  /** Every AF_XDP stand-in there is. */
  xskSockets(): XskSocket[] {
    return [...this.targets.values()].flatMap(({ sockets }) => [...sockets.values()]);
  }

  /** bpf_net_ctx_set: nothing was asked for yet. */
  forget(): void {
    const { u32 } = this.state.mem;
    u32[TGT_INDEX] = 0;
    u32[MAP] = RI_NONE;
    u32[FLAGS] = 0;
    u32[FOUND] = 0;
  }

  /** XDP_TX is a redirect to the device the frame came in on. */
  askForTx(dev: LiveDevice): void {
    const { u32 } = this.state.mem;
    u32[TGT_INDEX] = dev.ifindex;
    u32[MAP] = RI_IFINDEX;
  }

  /** Acts on what the program asked for: 0, or a positive errno and the frame is still the caller's. */
  redirect(page: number, rx: LiveDevice): number {
    const { u32 } = this.state.mem;
    const map = u32[MAP]!;
    const index = u32[TGT_INDEX]!;
    u32[MAP] = RI_NONE;
    this.sentTo = null;
    if (map === RI_IFINDEX) return this.toIfindex(page, rx, index);
    const targets = map === RI_NONE ? undefined : this.targets.get(map);
    if (targets === undefined) {
      this.state.trace.redirect(ERRNO.EBADRQC, rx.ifindex, 0, 0, index);
      return ERRNO.EBADRQC;
    }
    const to = u32[FOUND] === 0 ? undefined : targets.devices.get(index);
    const flags = u32[FLAGS]!;
    const errno = flags === 0 ? this.toEntry(targets, index, to, page, rx) : this.toAll(targets, flags, page, rx);
    this.slot = this.state.trace.redirect(errno, rx.ifindex, to?.dev.ifindex ?? 0, targets.id, index);
    if (errno === 0) this.tellSlot(map, index, flags, to);
    return errno;
  }

  /** From now on the generated loop counts what goes the same way by itself. */
  private tellSlot(map: number, index: number, flags: number, to: Destination | undefined): void {
    const { u32 } = this.state.mem;
    const count = this.state.trace.countAt(this.slot);
    if (flags !== 0) {
      u32[(map + MAP_LIVE.KEY) >>> 2] = index;
      u32[(map + MAP_LIVE.SLOT) >>> 2] = count;
      return;
    }
    this.sentTo = to?.dev ?? null;
    const table = u32[(map + MAP_LIVE.TABLE) >>> 2]!;
    if (table !== 0) u32[(table + index * ROW_BYTES + ROW_AT.SLOT) >>> 2] = count;
  }

  /** A broadcast for which there is no page: told and dropped. */
  noCopy(page: number, rx: LiveDevice): void {
    const { u32 } = this.state.mem;
    const targets = this.targets.get(u32[MAP]!);
    const index = u32[TGT_INDEX]!;
    const to = u32[FOUND] === 0 ? undefined : targets?.devices.get(index);
    u32[MAP] = RI_NONE;
    this.state.trace.redirect(ERRNO.ENOMEM, rx.ifindex, to?.dev.ifindex ?? 0, targets?.id ?? 0, index);
    this.state.put(page);
  }

  private toIfindex(page: number, rx: LiveDevice, ifindex: number): number {
    const dev = this.devices.byIfindex(rx.netns, ifindex);
    const errno = dev === null ? ERRNO.EINVAL : this.bulk.enqueue({ dev, prog: null }, page, rx);
    this.slot = this.state.trace.redirect(errno, rx.ifindex, ifindex, RI_IFINDEX, 0);
    if (errno !== 0) return errno;
    this.sentTo = dev;
    dev?.setWord(DEV_AT.REDIRECT_SLOT, this.state.trace.countAt(this.slot));
    return 0;
  }

  private toEntry(targets: Targets, index: number, to: Destination | undefined, page: number, rx: LiveDevice): number {
    if (to !== undefined) return this.bulk.enqueue(to, page, rx);
    const cpu = targets.cpus.get(index);
    if (cpu !== undefined) {
      cpu.enqueue(page, rx);
      return 0;
    }
    const socket = targets.sockets.get(index);
    // A devmap's entry whose device is gone.
    return socket === undefined ? ERRNO.EINVAL : this.toSocket(socket, page);
  }

  /** xsk_rcv in copy mode: the socket has a copy, the page is free again. */
  private toSocket(socket: XskSocket, page: number): number {
    if (socket.queue !== this.state.buff.rxQueue) return ERRNO.EINVAL;
    socket.received++;
    this.onSocket?.(socket, page);
    this.state.put(page);
    return 0;
  }

  private toAll(targets: Targets, flags: number, page: number, rx: LiveDevice): number {
    const excluded = (flags & BPF_F_EXCLUDE_INGRESS) === 0 ? null : rx;
    return this.bulk.broadcast(targets.all, page, rx, excluded, ERRNO.ENOMEM);
  }

  /** xdp_do_flush: devices, then CPUs. */
  flush(): void {
    this.bulk.flush();
    this.flushCpuQueues();
  }

  /** __cpu_map_flush: the queue used last comes first. */
  flushCpuQueues(): void {
    const { state, cpus } = this;
    for (let count = state.word(BATCH_AT.CPU_COUNT); count > 0; count = state.word(BATCH_AT.CPU_COUNT)) {
      cpus.at(state.word(BATCH_AT.CPUS + (count - 1) * 4)).flush();
    }
  }
}
