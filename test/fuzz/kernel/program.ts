/** Whole random programs the kernel's verifier should accept: entry, local functions, maps and the input they run on. */

import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import { JMP } from '../../../engine/uapi/opcodes.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { compute, constant } from './arithmetic.ts';
import {
  adjustPacket,
  callFunction,
  checksum,
  copyBytes,
  lookup,
  measure,
  oldLoad,
  packetLength,
  update,
} from './calls.ts';
import { branch, crossing, type Inside, LOOP_DEPTH_MAX, leave, loop } from './flow.ts';
import {
  type Frame,
  fetchInto,
  type Home,
  PACKET_BYTES,
  type Role,
  SCRATCH,
  SPILL_SLOT,
  VALUE_BYTES,
} from './frame.ts';
import {
  atomicAccess,
  contextAccess,
  packetAccess,
  packetAtNumber,
  spilled,
  stackAccess,
  valueAccess,
  valueAtNumber,
} from './memory.ts';
import {
  addK,
  addX,
  callHelper,
  exit,
  FP,
  jumpK,
  jumpX,
  load,
  mapHandle,
  mapValue,
  movK,
  movX,
  mulK,
  store,
  storeK,
} from './ops.ts';
import { Random } from './random.ts';
import type { Func, Item, Node, Tree } from './tree.ts';

/** What a program runs on. */
export interface Input {
  readonly type: number;
  readonly packet: Uint8Array;
  /** Initial content: map → [key, value] pairs. */
  readonly content: Readonly<Record<string, readonly (readonly [Uint8Array, Uint8Array])[]>>;
}

export interface RandomProgram extends Input {
  readonly seed: number;
  readonly tree: Tree;
}

/** The maps of every random program: one value in whose bytes the program works, tables to look up in, and results. */
export const MAPS = {
  state: { type: MAP_TYPE.ARRAY, key_size: 4, value_size: VALUE_BYTES, max_entries: 1 },
  table: { type: MAP_TYPE.HASH, key_size: 4, value_size: 16, max_entries: 8 },
  slots: { type: MAP_TYPE.ARRAY, key_size: 4, value_size: 16, max_entries: 8 },
  out: { type: MAP_TYPE.ARRAY, key_size: 4, value_size: 160, max_entries: 1 },
} as const;
export type MapName = keyof typeof MAPS;

type Statement = (frame: Frame) => Node;
type Choice = readonly [weight: number, Statement, needs?: (frame: Frame) => boolean];

const hasPacket = (frame: Frame): boolean => frame.homes.has('packet');
const hasCtx = (frame: Frame): boolean => frame.homes.has('ctx');

const STATEMENTS: readonly Choice[] = [
  [34, compute],
  [4, constant],
  [10, stackAccess],
  [8, packetAccess, hasPacket],
  [5, packetAtNumber, hasPacket],
  [7, valueAccess],
  [5, valueAtNumber],
  [3, spilled],
  [13, atomicAccess],
  [3, contextAccess, hasCtx],
  [3, lookup],
  [3, update],
  [1, checksum, (frame) => frame.kind !== 'socket'],
  [2, copyBytes, hasCtx],
  [1, measure, hasPacket],
  [1, adjustPacket, (frame) => frame.kind === 'xdp' && hasCtx(frame)],
  [1, packetLength, (frame) => frame.kind === 'xdp' && hasCtx(frame)],
  [4, callFunction, (frame) => frame.callees.length > 0],
  [6, oldLoad, (frame) => readsOldWay(frame)],
];

/** LD_ABS wants the context in r6; the verifier refuses it in programs with local functions. */
function readsOldWay(frame: Frame): boolean {
  const home = frame.homes.get('ctx');
  return frame.kind !== 'xdp' && frame.callees.length === 0 && home !== undefined && 'reg' in home && home.reg === 6;
}

function statement(frame: Frame): Node {
  const usable = STATEMENTS.filter(([, , needs]) => needs === undefined || needs(frame));
  let at = frame.rng.below(usable.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of usable) {
    if (at < weight) return make(frame);
    at -= weight;
  }
  return compute(frame);
}

/** Nodes one level down: fewer and simpler the deeper they stand, so that the verifier's paths stay few. */
function insideAt(depth: number): Inside {
  return (frame, behind, loops) => nodes(frame, frame.rng.between(1, loops > 0 ? 3 : 4), depth + 1, behind, loops);
}

function nodes(frame: Frame, count: number, depth: number, behind: number, loops: number): Node[] {
  return Array.from({ length: count }, () => {
    // Paths multiply in loops: there most statements decide nothing.
    const kind = frame.rng.below(loops > 0 ? 300 : 100);
    const deep = depth >= 3;
    if (!deep && kind < 13) return branch(frame, insideAt(depth), loops);
    if (!deep && kind < 17) return crossing(frame, insideAt(depth), loops);
    if (!deep && kind < 23 && loops < LOOP_DEPTH_MAX) return loop(frame, insideAt(depth + 1), loops);
    if (depth > 0 && kind < 28) return leave(frame, behind);
    return statement(frame);
  });
}

class Maker {
  private readonly rng: Random;
  private lastLabel = 0;

  constructor(rng: Random) {
    this.rng = rng;
  }

  label = (): number => ++this.lastLabel;

  private homesFor(roles: readonly Role[], pinnedCtx: boolean): Map<Role, Home> {
    const registers = this.rng.shuffled([6, 7, 8, 9].filter((reg) => !pinnedCtx || reg !== 6));
    const homes = new Map<Role, Home>();
    roles.forEach((role, i) => {
      if (pinnedCtx && role === 'ctx') homes.set(role, { reg: 6 });
      else if (this.rng.chance(70) && registers.length > 0) homes.set(role, { reg: registers.pop()! });
      else homes.set(role, { slot: -8 * (i + 1) });
    });
    return homes;
  }

  private frame(kind: Frame['kind'], homes: Map<Role, Home>, callees: readonly number[]): Frame {
    const taken = [...homes.values()].flatMap((home) => ('reg' in home ? [home.reg] : []));
    const scalars = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((reg) => !taken.includes(reg));
    const exitLabel = this.label();
    return { rng: this.rng, scalars, homes, callees, exit: exitLabel, kind, freshLabel: this.label };
  }

  /** Where a pointer that is in `reg` is to live. */
  private settle(frame: Frame, role: Role, reg: number): Item[] {
    const home = frame.homes.get(role);
    if (home === undefined) return [];
    return 'reg' in home ? [movX(home.reg, reg)] : [store(8, FP, home.slot, reg)];
  }

  private numbers(frame: Frame): Item[] {
    const items: Item[] = [fetchInto(frame, 'value', 1)];
    for (let i = 0; i < 8; i++) {
      if (this.rng.chance(25)) items.push(storeK(8, FP, SCRATCH + 8 * i, this.rng.imm()));
      else items.push(load(8, 0, 1, 8 * i), store(8, FP, SCRATCH + 8 * i, 0));
    }
    for (const reg of frame.scalars) items.push(load(8, reg, FP, SCRATCH + 8 * this.rng.below(8)));
    return items;
  }

  entry(kind: Frame['kind'], callees: readonly number[]): Func {
    const old = kind !== 'xdp' && callees.length === 0 && this.rng.chance(60);
    const roles: readonly Role[] = kind === 'socket' ? ['ctx', 'value'] : ['ctx', 'packet', 'end', 'value'];
    const frame = this.frame(kind, this.homesFor(roles, old), callees);
    const prologue: Item[] = [...this.settle(frame, 'ctx', 1)];
    if (kind !== 'socket') prologue.push(...this.packet(frame));
    prologue.push(...this.value(frame), ...this.numbers(frame));
    const fold = this.label();
    const body = nodes(frame, this.rng.between(10, 34), 0, fold, 0);
    const epilogue: Item[] = [{ label: fold }, ...this.results(frame), exit()];
    epilogue.push({ label: frame.exit }, movK(0, 1), exit());
    return { label: this.label(), prologue, body, epilogue };
  }

  private packet(frame: Frame): Item[] {
    const [data, end] = frame.kind === 'xdp' ? [0, 4] : [76, 80];
    const items: Item[] = [movX(5, 1), load(4, 2, 5, data), load(4, 3, 5, end), movX(4, 2), addK(4, PACKET_BYTES)];
    items.push(jumpX(JMP.JGT, 4, 3, frame.exit));
    return [...items, ...this.settle(frame, 'packet', 2), ...this.settle(frame, 'end', 3)];
  }

  private value(frame: Frame): Item[] {
    // Never taken, but without it the way out could be unreachable, which the verifier refuses.
    const never = jumpK(JMP.JEQ, 1, 0, frame.exit);
    if (this.rng.chance(50)) return [mapValue(1, 'state', 0), never, ...this.settle(frame, 'value', 1)];
    const items: Item[] = [storeK(4, FP, SPILL_SLOT, 0), movX(2, FP), addK(2, SPILL_SLOT), mapHandle(1, 'state')];
    items.push(callHelper(1), jumpK(JMP.JEQ, 0, 0, frame.exit));
    return [...items, ...this.settle(frame, 'value', 0)];
  }

  /** Every number and every scratch word into the map `out`, and all of them folded into r0. */
  private results(frame: Frame): Item[] {
    const items: Item[] = [store(8, FP, SPILL_SLOT, 1), mapValue(1, 'out', 0)];
    frame.scalars.forEach((reg, i) => {
      if (reg !== 1) items.push(store(8, 1, 8 * i, reg));
    });
    items.push(load(8, 2, FP, SPILL_SLOT), store(8, 1, 8 * frame.scalars.indexOf(1), 2), movK(0, 0));
    frame.scalars.forEach((_, i) => {
      items.push(load(8, 3, 1, 8 * i), mulK(0, 31), addX(0, 3));
    });
    for (let i = 0; i < 8; i++) {
      items.push(load(8, 3, FP, SCRATCH + 8 * i), store(8, 1, 80 + 8 * i, 3), mulK(0, 33), addX(0, 3));
    }
    return items;
  }

  /** A local function: r1 is the map value, r2 to r5 are numbers; gives a number back. */
  local(label: number, kind: Frame['kind'], callees: readonly number[]): Func {
    const frame = this.frame(kind, this.homesFor(['value'], false), callees);
    const prologue: Item[] = [...this.settle(frame, 'value', 1)];
    [2, 3, 4, 5].forEach((reg, i) => {
      prologue.push(store(8, FP, SCRATCH + 8 * i, reg), storeK(8, FP, SCRATCH + 32 + 8 * i, this.rng.imm()));
    });
    for (const reg of frame.scalars) {
      if (reg < 2 || reg > 5) prologue.push(load(8, reg, FP, SCRATCH + 8 * this.rng.below(8)));
    }
    const behind = this.label();
    const body = nodes(frame, this.rng.between(2, 8), 1, behind, 0);
    const epilogue: Item[] = [{ label: behind }];
    for (const reg of frame.scalars) if (reg !== 0) epilogue.push(mulK(0, 31), addX(0, reg));
    epilogue.push(exit());
    return { label, prologue, body, epilogue };
  }
}

const KINDS: readonly (readonly [Frame['kind'], number])[] = [
  ['xdp', PROG_TYPE.XDP],
  ['xdp', PROG_TYPE.XDP],
  ['tc', PROG_TYPE.SCHED_CLS],
  ['tc', PROG_TYPE.SCHED_ACT],
  ['socket', PROG_TYPE.SOCKET_FILTER],
];

function randomPacket(rng: Random): Uint8Array {
  const packet = rng.bytes(rng.pick([64, 78, 100, 128, 200, 300, 512, 1000, 1514]));
  const ethertype = rng.pick([0x0800, 0x86dd, 0x0806, 0x8100, 0x88b5]);
  packet.set([ethertype >> 8, ethertype & 0xff], 12);
  if (ethertype === 0x0800) packet[14] = 0x45;
  if (ethertype === 0x86dd) packet[14] = 0x60;
  return packet;
}

function index(at: number): Uint8Array {
  return new Uint8Array(new Uint32Array([at]).buffer);
}

/** The program of a seed. */
export function randomProgram(seed: number): RandomProgram {
  const rng = new Random(seed);
  const [kind, type] = rng.pick(KINDS);
  const maker = new Maker(rng);
  const labels = Array.from({ length: rng.pick([0, 0, 0, 1, 2]) }, () => maker.label());
  const entry = maker.entry(kind, labels);
  const locals = labels.map((label, i) => maker.local(label, kind, labels.slice(i + 1)));
  const table = rng.shuffled([0, 1, 2, 3, 4, 5, 6, 7, 9, 12]).slice(0, rng.below(7));
  const content = {
    state: [[index(0), rng.bytes(VALUE_BYTES)] as const],
    table: table.map((key) => [index(key), rng.bytes(16)] as const),
    slots: [0, 1, 2, 3, 4, 5, 6, 7].map((key) => [index(key), rng.bytes(16)] as const),
    out: [],
  };
  return { seed, type, tree: [entry, ...locals], packet: randomPacket(rng), content };
}
