/** Reporters on one stream of events: what people and programs read. */
import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgRunResult } from '../../../engine/index.ts';
import { makeStyle } from '../../../src/format/style.ts';
import { mergedEvents } from '../../../src/merge-reports.ts';
import type { RunEvent } from '../../../src/outcome.ts';
import { openReporter } from '../../../src/reporters/index.ts';
import { emptySummary, summarize } from '../../../src/runner/summary.ts';
import type { Why } from '../../../src/why/types.ts';
import { fakeResult } from '../../support/fake-backend.ts';
import { FAILED, outcomeOf, settled } from '../../support/settled.ts';
import { readTap } from '../../support/tap.ts';
import { readXml } from '../../support/xml.ts';

const good = settled('good');
const bad = settled('bad \u001b[31mred\u0007');
const later = settled('later', { program: 'other' });
const fault = {
  kind: 'out of bounds',
  message: 'reads 4 bytes past data_end',
  program: 'xdp_lb',
  insn: 12,
  text: 'r0 = *(u32 *)(r1 + 0)',
  source: '  return *p;',
  file: 'lb.bpf.c',
  line: 7,
  registers: [],
};
const at = { program: 'xdp_lb', subprogram: '', file: '/p/bpf/lb.bpf.c' };
const why: Why = {
  returned: { ...at, insn: 12, line: 9, text: 'return XDP_DROP;' },
  source: [{ line: 9, text: 'return XDP_DROP;', executed: true, returned: true }],
  registers: [{ name: 'r0', value: 'XDP_DROP (1)', where: '' }],
  values: [],
  decisive: { ...at, insn: 10, line: 8, text: 'if (!b)', condition: 'b (NULL) == NULL', taken: true },
  branches: [],
  calls: [
    { ...at, insn: 8, line: 7, text: '', said: 'bpf_map_lookup_elem(b, 7) → NULL, keys present: 0', failed: true },
  ],
  trace: ['12: exit'],
  left_out: 3,
  note: '',
};
const EXPLAINED: RunEvent[] = [
  { type: 'start', run: 1, cause: 'start', cases: [good], kept: 0 },
  { type: 'outcome', run: 1, outcome: outcomeOf(good, 'fail', { ...FAILED, result: fakeResult(), why }) },
  { type: 'end', run: 1, took_ms: 12, cancelled: false },
];
const EVENTS: RunEvent[] = [
  { type: 'file-error', error: { file: '/p/test/x.case.ts', line: 3, message: 'Unexpected }', frame: ['▸ 3 │ }'] } },
  { type: 'start', run: 1, cause: 'start', cases: [good, bad, later], kept: 0 },
  { type: 'outcome', run: 1, outcome: outcomeOf(good) },
  { type: 'outcome', run: 1, outcome: outcomeOf(bad, 'fail', { ...FAILED, result: fakeResult({ fault }) }) },
  { type: 'outcome', run: 1, outcome: outcomeOf(later, 'skip', { reason: 'bpf_x is missing' }) },
  { type: 'end', run: 1, took_ms: 12, cancelled: false },
];

function report(name: string, cwd = '/p', events: readonly RunEvent[] = EVENTS): string {
  let text = '';
  const out = (more: string) => {
    text += more;
  };
  const reporter = openReporter(name, cwd, { out, style: makeStyle(false), root: '/p' });
  let summary = emptySummary();
  for (const event of events) {
    summary = summarize(summary, event);
    reporter.event(event);
  }
  reporter.finish(summary);
  return text;
}

test('default: failures with their reasons, files that cannot be read, the summary last', () => {
  const text = report('default');
  expect(text).toContain('✗ test/x.case.ts:3\n    Unexpected }');
  expect(text).toContain('✗ build/lb.o › xdp_lb › bad red\n    test/lb.case.ts:3');
  expect(text).toMatch(/retval {4}expected {2}XDP_TX \(3\)\n +received {2}XDP_DROP \(1\)/);
  expect(text).toContain('out of bounds: reads 4 bytes past data_end');
  expect(text).toContain('at lb.bpf.c:7, insn 12');
  expect(text).not.toContain('✓ good');
  expect(text.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed, 1 skipped, 1 file not readable in 12.0 ms');
});

test('verbose: every case by name under its program', () => {
  const text = report('verbose');
  expect(text).toMatch(/build\/lb.o › xdp_lb\n {4}✓ good\n {4}✗ bad red\n\n {2}build\/lb.o › other/);
  expect(text).toContain('↷ later  skipped: bpf_x is missing');
});

test('nothing that a case or program says reaches the terminal as a control character', () => {
  for (const name of ['default', 'verbose']) expect(report(name)).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f]*$/);
});

test('json: one document with a version, every case and the counts', () => {
  const document = JSON.parse(report('json'));
  expect(document).toMatchObject({ version: 1, passed: 1, failed: 1, skipped: 1, cancelled: false });
  expect(document.cases.map((one: { verdict: string }) => one.verdict)).toEqual(['pass', 'fail', 'skip']);
  expect(document.cases[1].fault).toMatchObject({ kind: 'out of bounds', line: 7 });
  expect(document.errors).toEqual([{ file: 'test/x.case.ts', line: 3, message: 'Unexpected }' }]);
});

test('ndjson: a record a line, in the order of things', () => {
  const records = report('ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map((one) => one.type)).toEqual(['error', 'start', 'case', 'case', 'case', 'end']);
  expect(records[1]).toMatchObject({ version: 1, cases: 3 });
  expect(records[3]).toMatchObject({ verdict: 'fail', attempts: 1, step: null, fault: { line: 7 } });
  expect(records.at(-1)).toMatchObject({ passed: 1, failed: 1, skipped: 1, cancelled: false });
});

test('dot: a character a case, then as default', () => {
  const text = report('dot');
  expect(text).toStartWith('.Fs\n\n');
  expect(text).toContain('✗ build/lb.o › xdp_lb › bad red');
});

test('junit: well formed, a testsuite an object, counts that add up', () => {
  const root = readXml(report('junit'));
  expect(root).toMatchObject({
    name: 'testsuites',
    attributes: { tests: '4', failures: '1', errors: '1', skipped: '1' },
  });
  const [files, suite] = root.children;
  expect(files?.children[0]).toMatchObject({ attributes: { name: 'test/x.case.ts', line: '3' } });
  expect(files?.children[0]?.children[0]).toMatchObject({ name: 'error', attributes: { message: 'Unexpected }' } });
  expect(suite).toMatchObject({ name: 'testsuite', attributes: { name: 'build/lb.o', tests: '3', failures: '1' } });
  const [first, second, third] = suite!.children;
  expect(first).toMatchObject({
    attributes: { classname: 'xdp_lb', name: 'good', file: 'test/lb.case.ts', line: '3' },
  });
  expect(first?.children).toEqual([]);
  expect(second?.attributes.name).toBe('bad red');
  expect(second?.children[0]).toMatchObject({
    ...{
      name: 'failure',
      attributes: { type: 'retval', message: 'retval: XDP_TX (3) expected, XDP_DROP (1) received' },
    },
    text: expect.stringContaining('fault at lb.bpf.c:7, insn 12'),
  });
  expect(third?.children[0]).toMatchObject({ name: 'skipped', attributes: { message: 'bpf_x is missing' } });
});

test('junit escapes what XML would take for its own', () => {
  const odd = settled('<a> & "b" \u0000 \ud800 ☃');
  const events: RunEvent[] = [
    { type: 'start', run: 1, cause: '', cases: [odd], kept: 0 },
    {
      type: 'outcome',
      run: 1,
      outcome: outcomeOf(odd, 'error', { reason: ']]> <b>', result: fakeResult({ printk: ['a<b', '&'] }) }),
    },
  ];
  const [one] = readXml(report('junit', '/p', events)).children[0]!.children;
  expect(one?.attributes.name).toBe('<a> & "b"   ☃');
  expect(one?.children.map((child) => child.text)).toEqual([']]> <b>', 'a<b\n&']);
});

test('tap: version 13, a YAML block for what failed, directives, the plan', () => {
  const { points, bail } = readTap(report('tap'));
  expect(bail).toBeNull();
  expect(points.map(({ ok, directive }) => [ok, directive])).toEqual([
    [false, null],
    [true, null],
    [false, null],
    [true, 'SKIP'],
  ]);
  expect(points[2]?.description).toBe('build/lb.o › xdp_lb › bad red');
  expect(points[2]?.yaml).toContain('message: "retval: XDP_TX (3) expected, XDP_DROP (1) received"');
  expect(points[2]?.yaml).toContain('at: "test/lb.case.ts:3"');
  expect(points[3]?.reason).toBe('bpf_x is missing');
});

test('tap: a # in a name is no directive; what is to do is not ok', () => {
  const cases = [settled('a # SKIP b \\'), settled('later')];
  const events: RunEvent[] = [
    { type: 'start', run: 1, cause: '', cases, kept: 0 },
    { type: 'outcome', run: 1, outcome: outcomeOf(cases[0]!) },
    { type: 'outcome', run: 1, outcome: outcomeOf(cases[1]!, 'todo') },
    { type: 'end', run: 1, took_ms: 1, cancelled: true },
  ];
  const { points, bail } = readTap(report('tap', '/p', events));
  expect(points[0]).toMatchObject({ ok: true, directive: null, description: 'build/lb.o › xdp_lb › a # SKIP b \\' });
  expect(points[1]).toMatchObject({ ok: false, directive: 'TODO' });
  expect(bail).toBe('stopped');
});

const prove = Bun.which('prove');

test.skipIf(prove === null)('tap: prove (Perl) reads it, blocks and directives', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prove-'));
  for (const [name, events] of [
    ['all', EVENTS],
    ['why', EXPLAINED],
  ] as const) {
    const file = join(directory, `${name}.tap`);
    writeFileSync(file, report('tap', '/p', events));
    const said = Bun.spawnSync([prove!, '-e', 'cat', file]).stdout.toString();
    expect(said).not.toContain('Parse errors');
    expect(said).toContain(name === 'all' ? 'Failed tests:  1, 3' : 'Failed test:  1');
  }
  rmSync(directory, { recursive: true });
});

test('github: an annotation at the line of each failure, escaped', () => {
  const lines = report('github').trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('::error file=test/x.case.ts,line=3,title=not readable::Unexpected }');
  expect(lines[1]).toStartWith(
    '::error file=test/lb.case.ts,line=3,title=xdp_lb › bad red::retval: XDP_TX (3) expected',
  );
  expect(lines[1]).toContain('%0Afault at lb.bpf.c:7, insn 12');
  const odd = settled('100%, a: b');
  const events: RunEvent[] = [
    { type: 'start', run: 1, cause: '', cases: [odd], kept: 0 },
    { type: 'outcome', run: 1, outcome: outcomeOf(odd, 'error', { reason: '50% of: it' }) },
  ];
  expect(report('github', '/p', events)).toContain('title=xdp_lb › 100%25%2C a%3A b::50%25 of: it\n');
});

const RETURNED = 'returned XDP_DROP (1) at bpf/lb.bpf.c:9: return XDP_DROP;';
const BRANCH = 'b (NULL) == NULL: taken at bpf/lb.bpf.c:8';
const CALL = 'bpf_map_lookup_elem(b, 7) → NULL, keys present: 0 at bpf/lb.bpf.c:7';

test('every reporter that tells a failure tells why, in the shape that its readers know', () => {
  const told = (name: string) => report(name, '/p', EXPLAINED);
  for (const name of ['default', 'verbose', 'dot']) {
    expect(told(name)).toContain('why       returned XDP_DROP (1) at bpf/lb.bpf.c:9\n');
    expect(told(name)).toContain('b (NULL) == NULL: taken  bpf/lb.bpf.c:8\n');
  }
  const failure = readXml(told('junit')).children[0]!.children[0]!.children[0]!;
  expect(failure.text.split('\n').slice(1)).toEqual([RETURNED, BRANCH, CALL]);
  expect(readTap(told('tap')).points[0]?.yaml?.slice(-4)).toEqual([
    'why: |',
    ...[RETURNED, BRANCH, CALL].map((line) => `  ${line}`),
  ]);
  expect(told('github')).toContain([RETURNED, BRANCH, CALL].join('%0A'));
  const [one] = JSON.parse(told('json')).cases;
  expect(one.why).toMatchObject({ returned: { line: 9 }, decisive: { taken: true }, calls: [{ failed: true }] });
  expect(one.why.trace).toBeUndefined();
  expect(JSON.parse(told('ndjson').split('\n')[1]!).why).toEqual(one.why);
});

test('github: a second annotation at the line of the source, where that is there', () => {
  const root = mkdtempSync(join(tmpdir(), 'github-'));
  mkdirSync(join(root, 'bpf'));
  writeFileSync(join(root, 'bpf/lb.bpf.c'), `${'\n'.repeat(8)}\treturn XDP_DROP;\n`);
  const here = { ...why, returned: { ...why.returned!, file: 'lb.bpf.c' } };
  const crashed = { ...fault, line: 9, source: 'return XDP_DROP;' };
  const events = (result: ProgRunResult): RunEvent[] => [
    EXPLAINED[0]!,
    { type: 'outcome', run: 1, outcome: outcomeOf(good, 'fail', { ...FAILED, result, why: here }) },
  ];
  const second = (result: ProgRunResult) => {
    let text = '';
    const out = (more: string) => {
      text += more;
    };
    const reporter = openReporter('github', root, { out, style: makeStyle(false), root });
    for (const event of events(result)) reporter.event(event);
    return text.split('\n')[1];
  };
  const facts = [BRANCH, CALL].map((line) => line.replace('at bpf/', 'at /p/bpf/')).join('%0A');
  expect(second(fakeResult())).toBe(
    `::notice file=bpf/lb.bpf.c,line=9,title=returns here in good::returned XDP_DROP (1)%0A${facts}`,
  );
  expect(second(fakeResult({ fault: crashed }))).toStartWith(
    '::error file=bpf/lb.bpf.c,line=9,title=faults in good::out of bounds: reads 4 bytes past data_end%0Ab (NULL)',
  );
  rmSync(root, { recursive: true });
});

test('reports of both kinds merge into what one run would have said', () => {
  const directory = mkdtempSync(join(tmpdir(), 'merge-'));
  writeFileSync(join(directory, 'a.json'), report('json'));
  writeFileSync(join(directory, 'b.ndjson'), report('ndjson'));
  const events = mergedEvents(['a.json', 'b.ndjson'], directory);
  const types = events.map((event) => event.type);
  expect(types).toEqual(['file-error', 'start', ...new Array(6).fill('outcome'), 'end']);
  let summary = emptySummary();
  for (const event of events) summary = summarize(summary, event);
  expect(summary).toMatchObject({ passed: 2, failed: 2, skipped: 2, cancelled: false, took_ms: 24 });
  const text = report('default', directory, mergedEvents([join(directory, 'b.ndjson')], '/p'));
  expect(text).toContain('at lb.bpf.c:7, insn 12');
  writeFileSync(join(directory, 'why.json'), report('json', '/p', EXPLAINED));
  const [, told] = mergedEvents(['why.json'], directory);
  expect(told).toMatchObject({ outcome: { why: { ...why, trace: [], left_out: 0 } } });
  const cut = report('ndjson').split('\n').slice(0, 3).join('\n');
  writeFileSync(join(directory, 'cut.ndjson'), `${cut}\n{"type":"ca`);
  expect(mergedEvents(['cut.ndjson'], directory).at(-1)).toMatchObject({ type: 'end', cancelled: true });
  writeFileSync(join(directory, 'odd.json'), '{"type": "case"}');
  expect(() => mergedEvents(['odd.json'], directory)).toThrow('odd.json is no report');
  expect(() => mergedEvents(['none.json'], directory)).toThrow('no such file');
  rmSync(directory, { recursive: true });
});

test('NAME:FILE writes to the file and nothing to standard output', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reporter-'));
  expect(report('json:out.json', directory)).toBe('');
  expect(JSON.parse(readFileSync(join(directory, 'out.json'), 'utf8')).passed).toBe(1);
  rmSync(directory, { recursive: true });
});

test('mistakes are said in a sentence', () => {
  expect(() => report('jsn')).toThrow('there is no reporter jsn: did you mean json?');
  expect(() => report('json:')).toThrow('names no file');
  expect(() => report('json:no/such/directory/x')).toThrow('no such file');
});
