/** A world with maps and a run context for tests of maps and map helpers, without programs. */
import { readFileSync } from 'node:fs';
import { DEFAULT_ENV } from '../../engine/env.ts';
import type { HelperMaker, RunCtx } from '../../engine/helpers/run-ctx.ts';
import { PRIV } from '../../engine/layout.ts';
import type { BpfMap, MapDef } from '../../engine/maps/map.ts';
import { MapTable } from '../../engine/maps/map-table.ts';
import { WorldMemory } from '../../engine/memory.ts';
import { freshNetns } from '../../engine/net/netns.ts';
import { SocketTable } from '../../engine/net/socket-table.ts';
import { MAP_TYPE, type MapTypeName } from '../../engine/uapi/map-types.ts';
import { PROG_TYPE } from '../../engine/uapi/prog-types.ts';

/** Two stack addresses for keys and values. */
export const KEY = 0x4_8000;
export const VALUE = 0x4_8800;

export function defOf(type: MapTypeName, over: Partial<MapDef> = {}): MapDef {
  const common = { name: 'm', type: MAP_TYPE[type], key_size: 4, value_size: 8, max_entries: 8 };
  return { ...common, map_flags: 0, map_extra: 0n, inner: null, ...over };
}

export interface FaultSeen {
  readonly kind: number;
  readonly address: number;
  readonly size: number;
  readonly write: boolean;
  readonly region: number;
}

export interface MapWorld {
  readonly mem: WorldMemory;
  readonly maps: MapTable;
  readonly rc: RunCtx;
  /** Faults that helpers recorded, oldest first. */
  readonly faults: FaultSeen[];
  make(type: MapTypeName, over?: Partial<MapDef>): BpfMap;
  /** Makes the imports of a helper table for this world. */
  helpers(table: Readonly<Record<string, HelperMaker>>): Record<string, (...args: number[]) => number>;
  setCpu(cpu: number): void;
}

/** `callFunc` stands for the BPF functions that helpers call back. */
export function mapWorld(cpus = 1, callFunc: RunCtx['callFunc'] = () => 0): MapWorld {
  const mem = new WorldMemory();
  const maps = new MapTable(mem, cpus);
  const faults: FaultSeen[] = [];
  const rc: RunCtx = {
    ...{ mem, host: maps, env: DEFAULT_ENV, progType: PROG_TYPE.XDP, skb: null, xdp: null },
    ...{ clockReads: 0, timer: 0, random: 1, redirect: null, redirectRun: 0, clones: [], printk: [], records: [] },
    ...{
      netns: freshNetns(0),
      sockets: new SocketTable(mem),
      socketsHeld: 0,
      kernelStructs: [],
      userMemory: [],
      ifindex: 0,
    },
    lookup: { selected: 0, reuseport: true },
    packetBytes: () => null,
    mapName: (handle) => maps.byHandle(handle)?.def.name ?? '?',
    callFunc,
    fault(kind, address, size, write, region) {
      faults.push({ kind, address, size, write, region });
      return 0;
    },
  };
  return {
    ...{ mem, maps, rc, faults },
    make(type, over = {}) {
      const made = maps.create(defOf(type, over));
      if (!made.ok) throw new Error(made.error.message);
      return made.value;
    },
    helpers: (table) => Object.fromEntries(Object.entries(table).map(([name, maker]) => [name, maker(rc)])),
    setCpu(cpu) {
      mem.u32[PRIV.CPU >> 2] = cpu;
    },
  };
}

/** mulberry32: the same numbers for the same seed, each in [0, below). */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function u32Bytes(...words: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(words).buffer);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bytesOf(hex: string): Uint8Array {
  return hex === '-' ? new Uint8Array(0) : Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** Lines of a measured table next to a test, without comments; `=` and `#` lines start a new map. */
export function readTable(file: URL): string[][] {
  const text = readFileSync(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.split(' '));
}

export interface MeasuredMap {
  readonly name: string;
  readonly def: MapDef;
  readonly ops: string[][];
}

/** The maps of a table of operations measured on the kernel. */
export function measuredMaps(file: URL): MeasuredMap[] {
  const maps: MeasuredMap[] = [];
  let name = '';
  for (const [first, ...rest] of readTable(file)) {
    if (first === '#') {
      name = rest.join(' ');
    } else if (first === '=') {
      const [type, key_size, value_size, max_entries, map_flags, extra] = rest.map(Number) as number[];
      const def = { name, type: type!, key_size: key_size!, value_size: value_size!, max_entries: max_entries! };
      maps.push({ name, def: { ...def, map_flags: map_flags!, map_extra: BigInt(extra!), inner: null }, ops: [] });
    } else {
      maps.at(-1)!.ops.push([first!, ...rest]);
    }
  }
  return maps;
}
