/** Explanations of traced runs of the balancer's programs: where it returned from, names of what it read, branches, calls. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadedObject, loadObject, openObject, PROG_TYPE, progRun } from '../../../engine/index.ts';
import { pkt } from '../../../src/define.ts';
import { explain } from '../../../src/why/explain.ts';
import { traceLines } from '../../../src/why/trace-lines.ts';
import { TracedObjects } from '../../../src/why/traced-objects.ts';
import type { Why } from '../../../src/why/types.ts';
import { ROOT } from '../../support/cli.ts';

const UDP = pkt.eth().ipv4({ saddr: '10.0.0.1', daddr: '10.0.0.2', tos: 8 }).udp({ source: 5, dest: 53 }).bytes();

interface Ran {
  readonly object?: string;
  readonly program: string;
  readonly type: number;
  readonly data_in?: Uint8Array;
  /** Values of arrays and hashes before: map, key, value. */
  readonly maps?: readonly (readonly [string, Uint8Array, Uint8Array])[];
}

/** `projects/balancer/build/l4lb.o`, in fixtures. */
function load(object: string): LoadedObject {
  const path = join(ROOT, 'fixtures', object);
  const opened = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, { cpus: 2 });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

function traced({ object = 'projects/balancer/build/ratelimit.o', program, data_in = UDP, maps = [] }: Ran) {
  const loaded = load(object);
  for (const [map, key, value] of maps) expect(loaded.map(map)?.userUpdate(key, value, 0)).toBe(0);
  const done = progRun(loaded, program, { data_in, trace: {} });
  if (!done.ok || done.value.trace === undefined) throw new Error('no trace');
  return { spec: loaded.spec, trace: done.value.trace, result: done.value };
}

function why(ran: Ran): Why {
  const { spec, trace } = traced(ran);
  return explain({ spec, trace, type: ran.type, data_in: ran.data_in ?? UDP });
}

const LIMIT = { program: 'limit_rate', type: PROG_TYPE.SCHED_CLS };

describe('a run that returns', () => {
  const { returned, source, registers, values, branches, decisive, calls, note, left_out } = why(LIMIT);

  test('the line it returned from is that of the program, not the closing brace nor an inlined function', () => {
    expect(returned).toMatchObject({ program: 'limit_rate', file: 'ratelimit.bpf.c' });
    expect(returned?.text).toBe('if (!limit || !limit->rate)');
    const line = returned!.line;
    expect(source.find((one) => one.returned)).toEqual({ line, text: returned!.text, executed: true, returned: true });
    expect(source.filter((one) => one.line < line).every((one) => one.executed)).toBe(true);
    expect(source.filter((one) => one.line > line).some((one) => !one.executed)).toBe(true);
  });

  test('r0 is said as a verdict, other registers with what they hold', () => {
    expect(registers[0]).toEqual({ name: 'r0', value: 'TC_ACT_OK (0)', where: '' });
    expect(registers.find((one) => one.where === 'limit')?.value).toBe('limits[0]');
    expect(registers).toHaveLength(10);
  });

  test('header fields, context fields, members of map values and results of helpers have names', () => {
    const said = new Map(values.map(({ name, value, where }) => [name, `${value} ${where}`]));
    expect(said.get('eth->h_proto')).toBe('0x0800 (IPv4) packet[12..13]');
    expect(said.get('ip->ihl')).toBe('5 packet[14]');
    expect(said.get('ip->tos')).toBe('0x08 packet[15]');
    expect(said.get('ip->saddr')).toBe('10.0.0.1 packet[26..29]');
    expect(said.get('found')).toBe('NULL ');
    expect(said.get('limit')).toBe('limits[0] {rate: 0, burst: 0, mark_below: 0} ');
    expect(said.get('limit->rate')).toBe('0 limits[0].rate');
    expect(said.get('skb->len')).toBe(`${UDP.length} context`);
  });

  test('branches say what was compared', () => {
    expect(branches.length).toBeLessThanOrEqual(10);
    const conditions = branches.map(({ condition, taken }) => `${condition} ${taken}`);
    expect(conditions).toContain('found (NULL) == NULL true');
    expect(conditions).toContain('limit (limits[0]) == NULL false');
    expect(decisive).toMatchObject({ condition: 'limit->rate (0) != 0', taken: false, line: returned!.line });
  });

  test('calls say arguments and results by BTF, and what was there when nothing was found', () => {
    expect(calls.map((one) => one.said)).toEqual([
      'bpf_map_lookup_elem(classes, 10.0.0.1/32) → NULL, the map is empty',
      'bpf_map_lookup_elem(limits, 0) → {rate: 0, burst: 0, mark_below: 0}',
      'bpf_map_lookup_elem(outcomes, 3) → {packets: 0, bytes: 0}',
    ]);
    expect(calls.map((one) => one.failed)).toEqual([true, false, false]);
  });

  test('nothing is left out of a short run', () => {
    expect({ note, left_out }).toEqual({ note: '', left_out: 0 });
  });
});

test('keys that were present are named', () => {
  const key = Uint8Array.from([24, 0, 0, 0, 192, 168, 0, 0]);
  const { calls } = why({ ...LIMIT, maps: [['classes', key, new Uint8Array(4)]] });
  expect(calls[0]?.said).toEndWith('→ NULL, keys present: 192.168.0.0/24');
});

test('the trace as text says source lines, registers, memory, branches and calls', () => {
  const { spec, trace } = traced(LIMIT);
  const lines = traceLines(new TracedObjects(spec), trace);
  expect(lines[0]).toBe('; limit_rate');
  expect(lines[1]).toMatch(/^; ratelimit\.bpf\.c:\d+ {2}int limit_rate\(struct __sk_buff \*skb\)$/);
  const text = lines.join('\n');
  expect(text).toMatch(/: r1 = \*\(u32 \*\)\(r6 \+80\) +r1 = packet\+\d+ {2}\(ctx->data_end, 4 bytes\)/);
  expect(text).toMatch(/: if r0 == 0x0 goto pc\+2 +0 == 0: taken/);
  expect(text).toContain('bpf_map_lookup_elem(limits, 0) → {rate: 0, burst: 0, mark_below: 0}');
  expect(lines.at(-1)).toMatch(/: exit +returns 0$/);
  expect(lines.filter((line) => !line.trimStart().startsWith(';'))).toHaveLength(trace.total);
});

test('a fault ends the explanation at its own instruction', () => {
  const ran = { object: 'objects/faults/above-stack.bpf.o', program: 'above_stack', type: PROG_TYPE.XDP };
  const { spec, trace, result } = traced(ran);
  const { returned } = explain({ spec, trace, type: ran.type, data_in: UDP });
  expect(returned).toMatchObject({ insn: result.fault!.insn, line: result.fault!.line! });
});

test('nothing ran: nothing is said', () => {
  const { spec } = traced(LIMIT);
  const nothing = explain({ spec, type: PROG_TYPE.XDP, trace: { steps: [], registers: [], total: 0 }, data_in: null });
  expect(nothing).toMatchObject({ returned: null, source: [], registers: [], branches: [], decisive: null, trace: [] });
});

test('explanations are plain data of bounded size, however long the run', () => {
  const ran = { object: 'objects/faults/endless-loop.bpf.o', program: 'endless_loop', type: PROG_TYPE.XDP };
  const loaded = load(ran.object);
  const done = progRun(loaded, ran.program, { data_in: UDP, trace: {}, budget: 50_000 });
  if (!done.ok) throw new Error(done.error.message);
  const said = explain({ spec: loaded.spec, type: ran.type, trace: done.value.trace!, data_in: UDP });
  expect(structuredClone(said)).toEqual(said);
  expect(JSON.stringify(said).length).toBeLessThan(100_000);
  expect(said.note).toMatch(/^only the last 4096 of \d+ instructions were looked at$/);
  expect(said.left_out).toBeGreaterThan(40_000);
});

const fixtures = readdirSync(join(ROOT, 'fixtures/objects'), { recursive: true, encoding: 'utf8' });

test.each(fixtures.filter((file) => file.endsWith('.bpf.o')))('%s: every program that runs is explained', (file) => {
  const loaded = load(join('objects', file));
  for (const { name, type } of loaded.spec.programs) {
    const done = progRun(loaded, name, { data_in: UDP, trace: {}, budget: 100_000 });
    if (!done.ok || done.value.trace === undefined || done.value.trace.total === 0) continue;
    const said = explain({ spec: loaded.spec, type, trace: done.value.trace, data_in: UDP });
    expect({ name, returned: said.returned === null, lines: said.trace.length > 0 }).toEqual({
      ...{ name, returned: false, lines: true },
    });
    const everything = [...said.trace, ...said.calls.map((one) => one.said), ...said.values.map((one) => one.value)];
    expect(everything.filter((text) => /undefined|NaN|\[object/.test(text))).toEqual([]);
  }
});

test('what helpers for time, comparison and queues return is said as what it is', () => {
  const calls = ['environment', 'printk', 'queue-stack'].flatMap((object) => {
    return load(`objects/${object}/${object}.bpf.o`).spec.programs.flatMap(({ name, type }) => {
      return why({ object: `objects/${object}/${object}.bpf.o`, program: name, type }).calls.map((one) => one.said);
    });
  });
  expect(calls.find((said) => said.startsWith('bpf_ktime_get_ns()'))).toMatch(/→ \d{10,}$/);
  expect(calls.find((said) => said.startsWith('bpf_map_pop_elem('))).not.toContain('{');
});
