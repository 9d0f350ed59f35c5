/** Traced runs: they do what fast runs do, on every fixture; steps name registers, memory, branches and calls; the table comes back. */
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { progRun } from '../../../../engine/run/prog-run.ts';
import type { ProgRunResult, Trace } from '../../../../engine/run/types.ts';
import { loadFixture, run } from '../../../support/fixture-object.ts';

const OBJECTS = new URL('../../../../fixtures/objects/', import.meta.url);
const BUDGET = 200_000;

function traceOf(result: ProgRunResult): Trace {
  if (result.trace === undefined) throw new Error('no trace');
  return result.trace;
}

/** What two runs of the same must have in common. */
function told({ duration_ns: _, trace: __, ...rest }: ProgRunResult) {
  return rest;
}

const fixtures = readdirSync(OBJECTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.bpf.o'))
  .map((file) => file.replace(/\.bpf\.o$/, '').replace(/^([^/]+)\/\1$/, '$1'));

test.each(fixtures)('%s: the traced form, and the fast one after it, do what the fast one did', (name) => {
  const object = loadFixture(name);
  for (const { name: program } of object.spec.programs) {
    const once = (trace: boolean) => {
      object.reset();
      const opts = { data_in: new Uint8Array(64), budget: BUDGET, ...(trace ? { trace: {} } : {}) };
      const done = progRun(object, program, opts);
      return { done, maps: object.dumpMaps() };
    };
    const fast = once(false);
    if (!fast.done.ok) continue;
    const traced = once(true);
    const again = once(false);
    if (!traced.done.ok || !again.done.ok) throw new Error(`${program} is refused when it is traced`);
    expect({ program, ...told(traced.done.value), maps: traced.maps }).toEqual({
      ...{ program, ...told(fast.done.value), maps: fast.maps },
    });
    expect({ program, ...told(again.done.value) }).toEqual({ program, ...told(fast.done.value) });
    expect(again.done.value.trace).toBeUndefined();
    const { fault, insns_executed } = fast.done.value;
    const { total, steps } = traceOf(traced.done.value);
    if (fault === null) expect({ program, total }).toEqual({ program, total: insns_executed });
    else if (fault.kind !== 'endless loop' && steps.length > 0) {
      expect({ program, insn: steps.at(-1)?.insn }).toEqual({ program, insn: fault.insn });
    }
  }
});

test('steps name what they read, compare and return', () => {
  const packet = new Uint8Array(64);
  packet[12] = 0x08;
  const { steps } = traceOf(run(loadFixture('xdp-parse'), 'parse', { data_in: packet, trace: {} }));
  expect(steps.some((one) => one.access?.place?.region === 'context' && one.access.place.name === 'data_end')).toBe(
    true,
  );
  const read = steps.find((one) => one.access?.place?.region === 'packet' && one.access.place.offset === 12);
  expect(read?.access).toMatchObject({ write: false, value: 0x08n });
  expect(read?.source).not.toBe('');
  expect(steps.some((one) => one.branch?.taken)).toBe(true);
  expect(steps.at(-1)?.returns).not.toBeNull();
});

test('lookups say their keys, and which there were when nothing was found', () => {
  const callsOf = (fixture: string) => {
    const object = loadFixture(fixture);
    return object.spec.programs.flatMap(({ name }) => {
      object.reset();
      const { steps } = traceOf(run(object, name, { trace: {} }));
      return steps.flatMap((one) => (one.call === null ? [] : [one.call]));
    });
  };
  const lookup = callsOf('map-hash').find((call) => call.name === 'bpf_map_lookup_elem' && call.result === 0n);
  expect(lookup?.args[0]?.place).toMatchObject({ region: 'map' });
  expect(lookup?.args[1]?.bytes?.length).toBeGreaterThan(0);
  expect(lookup?.keys).not.toBeNull();
  const found = callsOf('map-array').find((call) => call.name === 'bpf_map_lookup_elem' && call.result !== 0n);
  expect(found?.keys).toBeNull();
});

test('tail calls go on in the other program, functions and callbacks in deeper frames', () => {
  const tails = traceOf(run(loadFixture('tail-calls'), 'tail_by_length', { data_in: new Uint8Array(14), trace: {} }));
  const call = tails.steps.find((one) => one.call?.name === 'bpf_tail_call');
  expect(call?.call?.result).toBeNull();
  expect(tails.steps.map((one) => one.program)).toContain('tail_drop');
  expect(tails.steps.at(-1)).toMatchObject({ program: 'tail_drop', returns: 1n });

  const object = loadFixture('callbacks');
  const depths = object.spec.programs.map(({ name }) => {
    const done = progRun(object, name, { data_in: new Uint8Array(64), trace: {} });
    return done.ok ? Math.max(...traceOf(done.value).steps.map((one) => one.depth)) : 0;
  });
  expect(Math.max(...depths)).toBeGreaterThan(0);
});

test('only the last steps are kept, all are counted', () => {
  const { trace, insns_executed } = run(loadFixture('map-hash'), loadFixture('map-hash').spec.programs[0]!.name, {
    ...{ repeat: 20, trace: { max: 7 } },
  });
  expect(trace?.steps.length).toBe(7);
  expect(trace?.total).toBe(insns_executed);
  expect(trace?.steps.at(-1)?.returns).not.toBeNull();
  expect(structuredClone(trace)).toEqual(trace!);
});
