/** Reporters on one stream of events: what people and programs read. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeStyle } from '../../../src/format/style.ts';
import type { RunEvent } from '../../../src/outcome.ts';
import { openReporter } from '../../../src/reporters/index.ts';
import { emptySummary, summarize } from '../../../src/summary.ts';
import { fakeResult } from '../../support/fake-backend.ts';
import { FAILED, outcomeOf, settled } from '../../support/settled.ts';

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
const EVENTS: RunEvent[] = [
  { type: 'file-error', error: { file: '/p/test/x.case.ts', line: 3, message: 'Unexpected }', frame: ['▸ 3 │ }'] } },
  { type: 'start', run: 1, cause: 'start', cases: [good, bad, later], kept: 0 },
  { type: 'outcome', run: 1, outcome: outcomeOf(good) },
  { type: 'outcome', run: 1, outcome: outcomeOf(bad, 'fail', { ...FAILED, result: fakeResult({ fault }) }) },
  { type: 'outcome', run: 1, outcome: outcomeOf(later, 'skip', { reason: 'bpf_x is missing' }) },
  { type: 'end', run: 1, took_ms: 12, cancelled: false },
];

function report(name: string, cwd = '/p'): string {
  let text = '';
  const out = (more: string) => {
    text += more;
  };
  const reporter = openReporter(name, cwd, { out, style: makeStyle(false), root: '/p' });
  let summary = emptySummary();
  for (const event of EVENTS) {
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
