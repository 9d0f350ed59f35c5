/** Traced forms do what fast forms do, and show every executed instruction with its registers, once. */
import { expect, test } from 'bun:test';
import { CTX_BASE, PRIV, STACK_TOP } from '../../../engine/layout.ts';
import { JitWorld, jitInput } from '../../support/jit-world.ts';
import { seeded } from '../../support/map-world.ts';
import { AREA_BYTES, randomProgram } from '../../support/random-program.ts';

const LIMIT = 20_000;
const SEEDS = 300;

interface Seen {
  readonly insn: number;
  readonly frame: number;
  readonly r0: bigint;
}

/** Runs a program in one form; what was shown is empty for the fast one. */
function runForm(world: JitWorld, seed: number, traced: boolean) {
  const program = randomProgram(seeded(seed));
  const random = seeded(seed);
  world.setCtx(Uint8Array.from({ length: AREA_BYTES }, () => random(256)));
  const seen: Seen[] = [];
  world.step = (_, insn, frame) => void seen.push({ insn, frame, r0: world.u64(PRIV.TRACE_REGS) });
  const input = jitInput(program.insns, { subprogs: program.subprogs, traced });
  const run = world.run(world.load(input), CTX_BASE, 64, LIMIT);
  return { run, seen, area: world.mem.u8.slice(CTX_BASE, CTX_BASE + AREA_BYTES) };
}

test(`${SEEDS} random programs do the same in both forms, and are shown whole`, () => {
  const [fastWorld, tracedWorld] = [new JitWorld(), new JitWorld()];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const fast = runForm(fastWorld, seed, false);
    const traced = runForm(tracedWorld, seed, true);
    expect({ seed, ...traced.run }).toEqual({ seed, ...fast.run });
    expect(Buffer.from(traced.area)).toEqual(Buffer.from(fast.area));
    expect(fast.seen).toEqual([]);
    if (fast.run.fault === null) {
      expect({ seed, steps: traced.seen.length }).toEqual({ seed, steps: fast.run.insns });
      expect(traced.seen.at(-1)!.r0).toBe(fast.run.r0);
    } else expect(traced.seen.at(-1)!.insn).toBe(fast.run.fault.pc);
    expect(traced.seen[0]).toMatchObject({ insn: 0, frame: STACK_TOP });
  }
}, 180_000);
