/** Coverage counts exactly what traces show, on every fixture, and changes nothing of what a run does. */
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { COVERABLE, coverableSlots } from '../../../engine/run/coverage.ts';
import { progRun } from '../../../engine/run/prog-run.ts';
import type { Coverage, ProgRunOpts, ProgRunResult } from '../../../engine/run/types.ts';
import { loadFixture, run } from '../../support/fixture-object.ts';

const OBJECTS = new URL('../../../fixtures/objects/', import.meta.url);
const OPTS = { data_in: new Uint8Array(64), budget: 20_000 };
const TRACE = { trace: { max: 50_000 } };

function told({ duration_ns: _, trace: __, ...rest }: ProgRunResult) {
  return rest;
}

const fixtures = readdirSync(OBJECTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.bpf.o'))
  .map((file) => file.replace(/\.bpf\.o$/, '').replace(/^([^/]+)\/\1$/, '$1'));

/** `program insn` → times; and those jumps of which the trace says that they were taken. */
function countsOfTrace({ trace }: ProgRunResult) {
  const [executed, taken] = [new Map<string, number>(), new Map<string, number>()];
  for (const { program, insn, branch } of trace?.steps ?? []) {
    const key = `${program} ${insn}`;
    executed.set(key, (executed.get(key) ?? 0) + 1);
    if (branch?.taken) taken.set(key, (taken.get(key) ?? 0) + 1);
  }
  return { executed, taken };
}

function countsOfCoverage(coverage: Coverage) {
  const [executed, taken] = [new Map<string, number>(), new Map<string, number>()];
  for (const [spec, counts] of coverage) {
    for (const [insn, n] of counts.executed.entries()) if (n > 0) executed.set(`${spec.name} ${insn}`, n);
    for (const [insn, n] of counts.taken.entries()) if (n > 0) taken.set(`${spec.name} ${insn}`, n);
  }
  return { executed, taken };
}

test.each(fixtures)('%s: as the trace has it', (name) => {
  const object = loadFixture(name);
  for (const { name: program } of object.spec.programs) {
    const once = (more: ProgRunOpts) => {
      object.reset();
      return progRun(object, program, { ...OPTS, ...more });
    };
    const fast = once({});
    const coverage: Coverage = new Map();
    const [traced, counted] = [once(TRACE), once({ coverage })];
    if (!fast.ok || !traced.ok || !counted.ok) continue;
    expect({ program, ...told(counted.value) }).toEqual({ program, ...told(fast.value) });
    expect({ program, ...countsOfCoverage(coverage) }).toEqual({ program, ...countsOfTrace(traced.value) });
  }
  object.release();
});

test('runs add up; slots say what can be executed', () => {
  const object = loadFixture('xdp-parse');
  const coverage: Coverage = new Map();
  for (let i = 0; i < 3; i++) run(object, 'parse', { coverage });
  run(object, 'parse', {});
  const [[spec, counts] = []] = coverage;
  expect(counts?.executed[0]).toBe(3);
  const slots = coverableSlots(spec!);
  slots.forEach((slot, insn) => {
    if (slot === COVERABLE.NONE) expect(counts!.executed[insn]).toBe(0);
    if (slot !== COVERABLE.BRANCH) expect(counts!.taken[insn]).toBe(0);
    expect(counts!.taken[insn]).toBeLessThanOrEqual(counts!.executed[insn]!);
  });
  expect(slots.filter((slot) => slot === COVERABLE.BRANCH).length).toBeGreaterThan(2);
  object.release();
});

test('code that no path leads to is not counted as missing', () => {
  const spec = loadFixture('xdp-parse').spec.programs[0]!;
  // r0 = 0; exit; r0 = 1; exit
  const insns = new Uint8Array(32);
  insns.set([
    0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0, 0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0,
  ]);
  const slots = coverableSlots({ ...spec, insns, subprogs: [{ ...spec.subprogs[0]!, start: 0 }] });
  expect([...slots]).toEqual([COVERABLE.INSN, COVERABLE.INSN, COVERABLE.NONE, COVERABLE.NONE]);
});
