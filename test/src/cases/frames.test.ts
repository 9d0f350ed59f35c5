/** Cases that come in numbers: every frame of a capture, and programs that say in their BTF what they return. */
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { loadSuite } from '../../../src/cases/suite.ts';
import { taggedCases } from '../../../src/cases/tags.ts';
import { pkt } from '../../../src/define.ts';
import { makeStyle } from '../../../src/format/style.ts';
import type { RunEvent } from '../../../src/outcome.ts';
import { writePcap } from '../../../src/packet/pcap-write.ts';
import { openReporter } from '../../../src/reporters/index.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCases } from '../../../src/runner/runner.ts';
import { emptySummary, summarize } from '../../../src/runner/summary.ts';
import { WatchedProject } from '../../../src/watch/project.ts';
import { fixture } from '../../support/cli.ts';
import { PROJECT } from '../../support/fixture-cases.ts';

const root = mkdtempSync(join(tmpdir(), 'frames-'));
afterAll(() => rmSync(root, { recursive: true }));

const tagged = readFileSync(fixture('tagged'));
const frames = [pkt.eth().ipv4().udp().pad(64), pkt.eth().ipv4().tcp().pad(64), pkt.eth().arp().pad(65)];

function project(name: string, cases: string): string {
  const directory = join(root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'bpfdeck.config.ts'), "export default { objects: '*.o' };");
  writeFileSync(join(directory, 'tagged.o'), tagged);
  writeFileSync(join(directory, 'f.pcap'), writePcap(frames.map((frame) => frame.bytes())));
  writeFileSync(join(directory, 'a.case.yaml'), cases);
  return directory;
}

const load = (cwd: string, filters: string[] = []) => loadSuite({ cwd, filters, objects: [] });

async function report(cwd: string, filters: string[]): Promise<string> {
  const suite = await load(cwd, filters);
  expect(suite.errors).toEqual([]);
  let text = '';
  const reporter = openReporter('default', cwd, { out: (more) => (text += more), style: makeStyle(false), root: cwd });
  const backend = new EngineBackend();
  let summary = emptySummary();
  const emit = (event: RunEvent) => {
    summary = summarize(summary, event);
    reporter.event(event);
  };
  const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
  await runCases(suite.cases, scope, { run: 1, cause: '', kept: 0 }, emit);
  reporter.finish(summary);
  return text;
}

test('frame: all gives a case a frame, and a histogram of what came of them', async () => {
  const cwd = project('all', 'name: length\nobject: tagged.o\nprogram: length\ndata_in: {pcap: f.pcap, frame: all}\n');
  const { cases } = await load(cwd, ['frame']);
  expect(cases.map((one) => one.name)).toEqual(['length › frame 1', 'length › frame 2', 'length › frame 3']);
  expect(cases.map((one) => one.data_in?.length)).toEqual([64, 64, 65]);
  expect(cases.map((one) => one.line)).toEqual([1, 1, 1]);
  const text = await report(cwd, ['frame']);
  expect(text).toContain('  length: f.pcap, 3 frames\n');
  expect(text).toMatch(/\n {4}64 {2}2 {2}▇{30}\n {4}65 {2}1 {2}▇{15}\n/);
  expect(text).toContain('3 passed');
});

test('a capture that is none, or is damaged, is a mistake of the case', async () => {
  const cwd = project(
    'odd',
    'name: length\nobject: tagged.o\nprogram: length\ndata_in: {pcap: tagged.o, frame: all}\n',
  );
  const { errors } = await load(cwd);
  expect(errors).toMatchObject([{ line: 4, message: 'case "length": data_in: tagged.o is not a pcap or pcapng file' }]);
  const given = (capture: string) => `name: x\nobject: tagged.o\nprogram: length\ndata_in: {pcap: ${capture}}\n`;
  const message = async (name: string, capture: string, bytes: Uint8Array) => {
    const directory = project(name, given(capture));
    writeFileSync(join(directory, 'odd.pcap'), bytes);
    return (await load(directory)).errors[0]?.message;
  };
  const two = writePcap(frames.slice(0, 2).map((frame) => frame.bytes()));
  expect(await message('none', 'odd.pcap, frame: all', writePcap([]))).toBe(
    'case "x": data_in: odd.pcap has no frames',
  );
  expect(await message('cut', 'odd.pcap, frame: 2', two.subarray(0, two.length - 1))).toContain(
    'odd.pcap: frame 2 says',
  );
  expect(await message('few', 'odd.pcap, frame: 7', two)).toContain(
    'odd.pcap: there is no frame 7: the capture has 2 frames',
  );
});

test('programs with test_retval tags are cases by themselves', async () => {
  const cases = taggedCases(fixture('tagged'), new Uint8Array(tagged), PROJECT);
  expect(cases.map((one) => [one.program, one.expect.retval, one.mode, one.repeat, one.data_in?.length])).toEqual([
    ['length', 64, 'run', 1, 64],
    ['symbolic', undefined, 'skip', 1, 64],
    ['negative', 0xffff_ffff, 'run', 1, 64],
    ['wrong', 16, 'run', 1, 64],
  ]);
  expect(cases[1]?.skip_reason).toBe('test_retval=POINTER_VALUE is no number');
  const cwd = project('tags', '[]');
  const text = await report(cwd, ['test_retval']);
  expect(text).toContain('✗ tagged.o › wrong › test_retval=0x10');
  expect(text).toContain('2 passed, 1 failed, 1 skipped');
});

test('objects without the word are not even opened, those that cannot be opened give nothing', () => {
  expect(taggedCases('x', new Uint8Array(readFileSync(fixture('xdp-parse'))), PROJECT)).toEqual([]);
  expect(taggedCases('x', new TextEncoder().encode('test_retval=1'), PROJECT)).toEqual([]);
});

test('while watching, cases come and go with the object that brings them along', async () => {
  const cwd = project('watched', '[]');
  const watched = new WatchedProject({ cwd, filters: [], objects: [] });
  await watched.load(0, 'start');
  expect(watched.cases.map((one) => one.program)).toEqual(['length', 'symbolic', 'negative', 'wrong']);
  const object = join(cwd, 'tagged.o');
  writeFileSync(object, readFileSync(fixture('xdp-parse')));
  expect(await watched.look(new Set([object]), 1)).toMatchObject({ listed: true, reruns: [{ ids: [] }] });
  expect(watched.cases).toEqual([]);
  writeFileSync(object, tagged);
  const found = await watched.look(new Set([object]), 2);
  expect(found.reruns[0]?.ids).toHaveLength(4);
});
