/** Makes functions: entries that find their pointers, local functions that are handed them, and their ends. */
import { JMP } from '../../../engine/uapi/opcodes.ts';
import { callFunction } from './calls.ts';
import { type Frame, fetchInto, type Home, PACKET_BYTES, type Role, SCRATCH, SPILL_SLOT } from './frame.ts';
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
import type { Random } from './random.ts';
import { nodes } from './statements.ts';
import type { Func, Item } from './tree.ts';

/** What a function may call: labels of local functions, and other programs at its end. */
export type Reach = Pick<Frame, 'callees' | 'tails'>;
export const NOWHERE: Reach = { callees: [], tails: false };

/** Makes the functions of one program; labels are its own. */
export class Maker {
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

  private frame(kind: Frame['kind'], homes: Map<Role, Home>, reach: Reach): Frame {
    const taken = [...homes.values()].flatMap((home) => ('reg' in home ? [home.reg] : []));
    const scalars = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((reg) => !taken.includes(reg));
    const exitLabel = this.label();
    return { rng: this.rng, scalars, homes, ...reach, exit: exitLabel, kind, freshLabel: this.label };
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

  /** A function that starts with the context, with about `size` statements. */
  entry(kind: Frame['kind'], reach: Reach, size: number): Func {
    const old = kind !== 'xdp' && reach.callees.length === 0 && this.rng.chance(60);
    const roles: readonly Role[] = kind === 'socket' ? ['ctx', 'value'] : ['ctx', 'packet', 'end', 'value'];
    const frame = this.frame(kind, this.homesFor(roles, old), reach);
    const prologue: Item[] = [...this.settle(frame, 'ctx', 1)];
    if (kind !== 'socket') prologue.push(...this.packet(frame));
    prologue.push(...this.value(frame), ...this.numbers(frame));
    const fold = this.label();
    // One call of each function that is surely made: the verifier stumbles over functions named in dead code alone.
    const calls = reach.callees.map((label) => callFunction({ ...frame, callees: [label] }));
    const body = [...calls, ...nodes(frame, size, 0, fold, 0)];
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

  /** A local function: r1 is the map value, r2 the caller's scratch words, r3 to r5 are numbers; gives a number back. */
  local(label: number, kind: Frame['kind'], reach: Reach): Func {
    const frame = this.frame(kind, this.homesFor(['value', 'lent'], false), reach);
    const prologue: Item[] = [...this.settle(frame, 'value', 1), ...this.settle(frame, 'lent', 2)];
    return this.finish(label, frame, [...prologue, ...this.ownWords(frame, [3, 4, 5])]);
  }

  /** Numbers that were handed over, on the stack, and from there in all registers for numbers. */
  private ownWords(frame: Frame, given: readonly number[]): Item[] {
    const items: Item[] = [];
    for (let i = 0; i < 8; i++) {
      const reg = given[i];
      items.push(
        reg === undefined ? storeK(8, FP, SCRATCH + 8 * i, this.rng.imm()) : store(8, FP, SCRATCH + 8 * i, reg),
      );
    }
    for (const reg of frame.scalars) items.push(load(8, reg, FP, SCRATCH + 8 * this.rng.below(8)));
    return items;
  }

  private finish(label: number, frame: Frame, prologue: readonly Item[]): Func {
    const behind = this.label();
    const body = nodes(frame, this.rng.between(2, 8), 1, behind, 0);
    const epilogue: Item[] = [{ label: behind }];
    for (const reg of frame.scalars) if (reg !== 0) epilogue.push(mulK(0, 31), addX(0, reg));
    return { label, prologue, body, epilogue: [...epilogue, exit()] };
  }
}
