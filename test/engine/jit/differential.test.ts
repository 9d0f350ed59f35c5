/** Random programs through the translator and through the reference interpreter: result, memory, faults and instruction counts agree. */
import { expect, test } from 'bun:test';
import { CTX_BASE, PRIV, STACK_BASE, STACK_SIZE } from '../../../engine/layout.ts';
import { Interpreter } from '../../support/interpreter.ts';
import { JitWorld, jitInput } from '../../support/jit-world.ts';
import { seeded } from '../../support/map-world.ts';
import { AREA_BYTES, randomProgram } from '../../support/random-program.ts';

const LIMIT = 20_000;

function area(seed: number): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length: AREA_BYTES }, () => random(256));
}

function compare(world: JitWorld, seed: number): void {
  const program = randomProgram(seeded(seed));
  const bytes = area(seed);
  const stack = { base: STACK_BASE, bytes: new Uint8Array(STACK_SIZE) };
  const expected = new Interpreter(program.insns, stack, [{ base: CTX_BASE, bytes }]).run(BigInt(CTX_BASE), 64n, LIMIT);
  world.setCtx(area(seed));
  const run = world.run(world.load(jitInput(program.insns, { subprogs: program.subprogs })), CTX_BASE, 64, LIMIT);
  const got = { fault: run.fault?.pc ?? -1, insns: run.insns, r0: run.fault?.regs[0] ?? run.r0 };
  const said = { fault: expected.fault, insns: expected.insns, r0: expected.r0 };
  expect({ seed, ...got }).toEqual({ seed, ...said });
  if (run.fault !== null) expect(run.fault.regs).toEqual(expected.regs as bigint[]);
  expect(Buffer.from(world.mem.u8.slice(CTX_BASE, CTX_BASE + AREA_BYTES))).toEqual(Buffer.from(bytes));
}

/** `JIT_SEEDS=FROM:COUNT` looks further than the usual run. */
const [from, count] = (process.env.JIT_SEEDS ?? '1:1000').split(':').map(Number) as [number, number];

test(`${count} random programs from seed ${from} on do what the interpreter says`, () => {
  let world = new JitWorld();
  for (let seed = from; seed < from + count; seed++) {
    // Leftovers of earlier programs stay on the stack on purpose.
    if (seed % 500 === 0) world = new JitWorld();
    compare(world, seed);
  }
  expect(world.mem.u32[PRIV.CTX_LEN >> 2]).toBe(AREA_BYTES);
}, 120_000);
