/** Coverage of a project: lines by the busiest of their instructions, branches by both ways, programs and threads merged, LCOV and a table. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Coverage, loadObject, type ObjectSpec, openObject, progRun } from '../../../engine/index.ts';
import { lcovText } from '../../../src/coverage/lcov.ts';
import { type ProgramLines, programLines } from '../../../src/coverage/program-lines.ts';
import { coverageRecord } from '../../../src/coverage/record.ts';
import { coverageReport } from '../../../src/coverage/report.ts';
import { coverageLines, missingRanges } from '../../../src/coverage/table.ts';
import { makeStyle } from '../../../src/format/style.ts';
import { MAIN, ProjectCopy } from '../../support/balancer-copy.ts';
import { fixture, ROOT } from '../../support/cli.ts';

setDefaultTimeout(180_000);
const project = new ProjectCopy();
afterAll(() => project.remove());

const OBJECT = fixture('xdp-parse');
const SOURCE = 'fixtures/objects/xdp-parse/xdp-parse.bpf.c';

function parsed(...packets: Uint8Array[]): { spec: ObjectSpec; lines: ProgramLines[] } {
  const opened = openObject({ path: OBJECT, bytes: new Uint8Array(readFileSync(OBJECT)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value);
  if (!loaded.ok) throw new Error(loaded.error.message);
  const coverage: Coverage = new Map();
  for (const data_in of packets) progRun(loaded.value, 'parse', { data_in, coverage });
  loaded.value.release();
  const { programs } = opened.value;
  return { spec: opened.value, lines: programs.map((one) => programLines(OBJECT, one, coverage.get(one))) };
}

const short = new Uint8Array(14);
const source = readFileSync(join(ROOT, SOURCE), 'utf8').split('\n');
/** The line of the source that has a text. */
const lineOf = (text: string) => source.findIndex((line) => line.includes(text)) + 1;

test('lines with their hits, found beside the object', () => {
  const report = coverageReport(parsed(short, short).lines, ROOT);
  const [file] = report.files;
  expect(file).toMatchObject({ path: join(ROOT, SOURCE), found: true });
  const { name, line, hits } = file!.functions.find((one) => one.name === 'parse')!;
  expect([name, hits, source[line - 1]]).toEqual(['parse', 2, expect.stringContaining('parse(struct xdp_md *ctx)')]);
  expect(file!.lines.get(line)).toBe(2);
  expect([...file!.lines.values()].some((n) => n === 0)).toBe(true);
  expect([...file!.lines.keys()]).toEqual([...file!.lines.keys()].sort((a, b) => a - b));
  expect(file!.lines.has(lineOf('SPDX'))).toBe(false);
});

test('what several threads ran adds up, as if one had run it all', () => {
  const long = new Uint8Array(64).fill(0x45, 14);
  const whole = coverageReport(parsed(short, long).lines, ROOT);
  const parts = coverageReport([...parsed(short).lines, ...parsed(long).lines], ROOT);
  expect(parts).toEqual(whole);
});

test('a source that is not there is in the table, and not in the LCOV file', () => {
  const lines = parsed(short).lines.map((one) => ({
    ...one,
    lines: one.lines.map((at) => ({ ...at, file: 'gone.bpf.c' })),
    functions: one.functions.map((at) => ({ ...at, file: 'gone.bpf.c' })),
    branches: one.branches.map((at) => ({ ...at, file: 'gone.bpf.c' })),
  }));
  const report = coverageReport(lines, ROOT);
  expect(lcovText(report)).toBe('');
  const table = coverageLines(report, ROOT, makeStyle(false));
  expect(table[1]).toMatch(/gone\.bpf\.c +\d+\.\d% \d+\/\d+ .*its source was not found$/);
  expect(coverageRecord(report, ROOT).files[0]).toMatchObject({ file: 'gone.bpf.c', found: false });
});

test('lines that were never executed, as ranges over lines without code', () => {
  expect(
    missingRanges(
      new Map([
        [1, 0],
        [2, 0],
        [5, 0],
        [6, 1],
        [9, 0],
        [10, 3],
        [12, 0],
        [13, 0],
      ]),
    ),
  ).toBe('1-5, 9, 12-13');
  expect(missingRanges(new Map([[3, 1]]))).toBe('');
});

test('an object without lines says so', () => {
  const { spec } = parsed();
  const bare = programLines(OBJECT, { ...spec.programs[0]!, lines: [] }, undefined);
  const [, row] = coverageLines(coverageReport([bare], ROOT), ROOT, makeStyle(false)).filter((line) => line !== '');
  expect(row).toContain('no source lines: compile with -g');
});

/** Numbers of an LCOV record by their names, checked against its lines. */
function checkRecord(text: string): void {
  const all = (name: string) => [...text.matchAll(new RegExp(`^${name}:(.*)$`, 'gm'))].map((match) => match[1]!);
  const number = (name: string) => Number(all(name)[0]);
  const hit = (list: string[], column: number) => list.filter((one) => Number(one.split(',')[column]) > 0).length;
  expect([number('LF'), number('LH')]).toEqual([all('DA').length, hit(all('DA'), 1)]);
  expect([number('BRF'), number('BRH')]).toEqual([all('BRDA').length, hit(all('BRDA'), 3)]);
  expect([number('FNF'), number('FNH')]).toEqual([all('FN').length, hit(all('FNDA'), 0)]);
  const hits = new Map(all('DA').map((one) => one.split(',').map(Number) as [number, number]));
  const byLine = Map.groupBy(all('BRDA'), (one) => Number(one.split(',')[0]));
  for (const [line, list] of byLine) expect([line, hit(list, 3) > 0]).toEqual([line, hits.get(line)! > 0]);
  const count = readFileSync(all('SF')[0]!, 'utf8').split('\n').length;
  for (const one of all('DA')) expect(Number(one.split(',')[0])).toBeLessThanOrEqual(count);
}

async function bpfdeck(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { cwd: project.root, stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

test('test --coverage-dir: the table after the cases, an LCOV file that adds up, the same in a JSON report', async () => {
  const { out, code } = await bpfdeck(
    'test',
    '--coverage-dir',
    'cov',
    '--reporter',
    'default',
    '--reporter',
    'json:r.json',
  );
  expect(code).toBe(0);
  expect(out).toMatch(/ {2}bpf\/ratelimit\.bpf\.c +\d+\.\d% \d+\/\d+ +\d+\.\d% \d+\/\d+ +206\n/);
  expect(out).toMatch(/ {2}build\/l4lb\.o › balance +100\.0% /);
  expect(out).toMatch(/\n73 passed, 0 failed/);
  const records = new TextDecoder().decode(project.read('cov/lcov.info')).split('end_of_record\n').slice(0, -1);
  expect(records).toHaveLength(4);
  for (const record of records) checkRecord(record);
  const { coverage } = JSON.parse(new TextDecoder().decode(project.read('r.json')));
  expect(coverage.files.map((one: { file: string }) => one.file)).toContain('bpf/filter.bpf.c');
  expect((await bpfdeck('test', '--coverage', '--backend', 'kernel')).err).toContain('--coverage is of the engine');
});

const genhtml = Bun.which('genhtml');

test.skipIf(genhtml === null)('genhtml (package lcov) takes the file', async () => {
  if (!existsSync(project.path('cov/lcov.info'))) await bpfdeck('test', '--coverage-dir', 'cov');
  const child = Bun.spawn([genhtml!, '--branch-coverage', 'cov/lcov.info', '-o', 'html'], {
    cwd: project.root,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await new Response(child.stdout).text();
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, '']);
  expect(said).toMatch(/functions\.*: 100\.0%/);
});
