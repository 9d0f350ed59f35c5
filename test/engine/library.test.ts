/** The engine as a library: one bundle for browsers, which imports nothing and runs unchanged under Node.js and Deno. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as engine from '../../engine/index.ts';

const ROOT = join(import.meta.dir, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'bpfdeck-engine-'));
const BUNDLE = join(folder, 'engine.mjs');
let bundle = '';

/** What any runtime is asked: open, load, run, as the docs show it. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import { BPF_PROG_RUN, BPF_PROG_TEST_RUN, loadObject, openObject, progRun } from ${JSON.stringify(BUNDLE)};
const path = ${JSON.stringify(join(ROOT, 'fixtures/prog-run/skb/skb.bpf.o'))};
const opened = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
if (!opened.ok) throw new Error(opened.error.message);
const loaded = loadObject(opened.value);
if (!loaded.ok) throw new Error(loaded.error.message);
const done = progRun(loaded.value, 'counts', { data_in: new Uint8Array(64), repeat: 7 });
if (!done.ok) throw new Error(done.error.message);
const { errno, retval, data_out, data_size_out } = done.value;
console.log(JSON.stringify({ errno, retval, first: data_out[0], data_size_out, commands: [BPF_PROG_RUN, BPF_PROG_TEST_RUN] }));
`;
const EXPECTED = { errno: 0, retval: 7, first: 7, data_size_out: 64, commands: [10, 10] };

beforeAll(async () => {
  const built = await Bun.build({ entrypoints: [join(ROOT, 'engine/index.ts')], target: 'browser', format: 'esm' });
  expect(built.logs).toEqual([]);
  bundle = await built.outputs[0]!.text();
  writeFileSync(BUNDLE, bundle);
  writeFileSync(join(folder, 'run.mjs'), SCRIPT);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the bundle imports nothing and names nothing of one runtime alone', () => {
  expect(bundle.length).toBeGreaterThan(100_000);
  expect([...bundle.matchAll(/^\s*import\b.*$/gm)].map((match) => match[0])).toEqual([]);
  expect(/\b(?:Bun|Deno|process|Buffer|require)\s*[.(]/.exec(bundle)?.[0]).toBeUndefined();
});

for (const [runtime, args] of [
  ['node', []],
  ['deno', ['run', '--allow-read']],
] as const) {
  const found = Bun.which(runtime);
  test.skipIf(found === null)(`it runs under ${runtime}${found === null ? ' (not installed here)' : ''}`, () => {
    const ran = Bun.spawnSync([found!, ...args, join(folder, 'run.mjs')]);
    expect(ran.stderr.toString()).toBe('');
    expect(JSON.parse(ran.stdout.toString())).toEqual(EXPECTED);
  });
}

test('the package exports it, and both names of the command', async () => {
  const { exports } = (await Bun.file(join(ROOT, 'package.json')).json()) as { exports: Record<string, string> };
  expect(exports['./engine']).toBe('./engine/index.ts');
  expect(engine.BPF_PROG_RUN).toBe(engine.BPF_PROG_TEST_RUN);
});
