/** Coverage counts exactly what traces show, on every fixture, and changes nothing of what a run does. */
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { COVERABLE, insnCounts } from '../../../engine/run/coverage.ts';
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
    const all = insnCounts(spec, counts);
    for (const [insn, n] of all.executed.entries()) if (n > 0) executed.set(`${spec.name} ${insn}`, n);
    for (const [insn, n] of all.taken.entries()) if (n > 0) taken.set(`${spec.name} ${insn}`, n);
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

test('runs add up; kinds say what can be executed', () => {
  const object = loadFixture('xdp-parse');
  const coverage: Coverage = new Map();
  for (let i = 0; i < 3; i++) run(object, 'parse', { coverage });
  run(object, 'parse', {});
  const [[spec, arrivals] = []] = coverage;
  const { kinds, executed, taken } = insnCounts(spec!, arrivals);
  expect(executed[0]).toBe(3);
  kinds.forEach((kind, insn) => {
    if (kind === COVERABLE.NONE) expect(executed[insn]).toBe(0);
    if (kind !== COVERABLE.BRANCH) expect(taken[insn]).toBe(0);
    expect(taken[insn]).toBeLessThanOrEqual(executed[insn]!);
  });
  expect(kinds.filter((kind) => kind === COVERABLE.BRANCH).length).toBeGreaterThan(2);
  expect(insnCounts(spec!, undefined).executed.every((n) => n === 0)).toBe(true);
  object.release();
});

test('code that no path leads to is not counted as missing', () => {
  const spec = loadFixture('xdp-parse').spec.programs[0]!;
  // r0 = 0; exit; r0 = 1; exit
  const insns = new Uint8Array(32);
  insns.set([
    0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0, 0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0,
  ]);
  const { kinds } = insnCounts({ ...spec, insns, subprogs: [{ ...spec.subprogs[0]!, start: 0 }] }, undefined);
  expect([...kinds]).toEqual([COVERABLE.INSN, COVERABLE.INSN, COVERABLE.NONE, COVERABLE.NONE]);
});
