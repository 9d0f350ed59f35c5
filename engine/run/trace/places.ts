/** What an address of a traced run leads to. */
import { CTX_BASE, PRIV, STACK_BASE, STACK_TOP } from '../../layout.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { ctxStructOf } from '../../uapi/contexts.ts';
import type { Insn } from '../../uapi/insn.ts';
import { MAP_TYPE } from '../../uapi/map-types.ts';
import type { TraceRecord } from './record.ts';
import type { TracePlace } from './types.ts';

/** One instruction of the ring, and the one that comes next in its frame (-1: none, it returned or went elsewhere). */
export interface At {
  readonly world: World;
  readonly record: TraceRecord;
  readonly program: LoadedProgram;
  readonly i: number;
  readonly pc: number;
  readonly insn: Insn;
  readonly next: number;
}

interface Bounds {
  readonly meta: number;
  readonly data: number;
  readonly end: number;
  /** What data was when the run began. */
  readonly start: number;
  /** Address above the frame: r10. */
  readonly frame: number;
}

const NOWHERE: Omit<TracePlace, 'region' | 'offset'> = { moved: 0, name: '', element: 0, index: -1 };
const ARRAYS: ReadonlySet<number> = new Set<number>([MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]);

/** Where a number leads when it is taken for an address; null: nowhere. Pointers to the end of the packet count as in it. */
function placeOf(world: World, program: LoadedProgram, value: bigint, bounds: Bounds): TracePlace | null {
  if (value < BigInt(CTX_BASE) || value >> 32n !== 0n) return null;
  const at = Number(value);
  const { meta, data, end, frame } = bounds;
  if (end > data && at >= data && at <= end) {
    return { ...NOWHERE, region: 'packet', offset: at - data, moved: data - bounds.start };
  }
  if (at >= meta && at < data) return { ...NOWHERE, region: 'metadata', offset: at - meta };
  if (at >= STACK_BASE && at <= STACK_TOP) return { ...NOWHERE, region: 'stack', offset: at - frame };
  return inContext(world, program, at) ?? inMap(world, at) ?? inRegion(world, at);
}

function inContext(world: World, program: LoadedProgram, at: number): TracePlace | null {
  const base = world.mem.u32[PRIV.CTX_ADDR >> 2]!;
  const offset = at - base;
  if (base === 0 || offset < 0 || offset >= world.mem.u32[PRIV.CTX_LEN >> 2]!) return null;
  const fields = ctxStructOf(program.type, program.spec.attach_type)?.fields ?? [];
  const field = fields.find((one) => offset >= one.offset && offset < one.offset + one.size * (one.count ?? 1));
  const nth = field?.count === undefined ? '' : `[${Math.floor((offset - field.offset) / field.size)}]`;
  return { ...NOWHERE, region: 'context', offset, name: field === undefined ? '' : `${field.name}${nth}` };
}

function inMap(world: World, at: number): TracePlace | null {
  const map = world.maps.byHandle(at);
  return map?.handle === at ? { ...NOWHERE, region: 'map', offset: 0, name: map.def.name } : null;
}

function inRegion(world: World, at: number): TracePlace | null {
  const region = world.mem.regionAtOrBelow(at);
  if (region === undefined || at >= region.base + region.len) return null;
  const from = at - region.base;
  const offset = region.stride === 0 ? from : from & (region.stride - 1);
  const map = region.map === 0 ? undefined : world.maps.byHandle(region.map);
  if (map === undefined) return { ...NOWHERE, region: 'memory', offset };
  const { type, max_entries, name } = map.def;
  const nth = region.stride === 0 ? 0 : (from - offset) / region.stride;
  const index = ARRAYS.has(type) ? nth % max_entries : -1;
  return { ...NOWHERE, region: 'map value', offset, name, element: at - offset, index };
}

/** Where a value leads, as memory was when the instruction ran. */
export function placeAt(at: At, value: bigint, i = at.i): TracePlace | null {
  return placeOf(at.world, at.program, value, {
    ...at.record.packet(i),
    frame: at.record.frame(i),
    start: at.record.start,
  });
}

/** Name of the function that starts at a slot. */
export function functionAt(
  subprogs: readonly { readonly name: string; readonly start: number }[],
  start: number,
): string | undefined {
  return subprogs.find((one) => one.start === start)?.name;
}
