/** `bpfdeck init` on real objects: what it writes passes strict TypeScript, loads, runs, and does not overwrite anything. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { loadSuite } from '../../../src/cases/suite.ts';
import { literal, Source } from '../../../src/init/literal.ts';
import { initProject } from '../../../src/init/project.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCase } from '../../../src/runner/runner.ts';
import { cli, fixture, ROOT } from '../../support/cli.ts';
import { declarations } from '../../support/declarations.ts';

setDefaultTimeout(180_000);
const root = mkdtempSync(join(tmpdir(), 'init-'));
afterAll(() => rmSync(root, { recursive: true }));

function project(name: string, objects: readonly string[]): string {
  const directory = join(root, name);
  mkdirSync(join(directory, 'build'), { recursive: true });
  for (const path of objects) cpSync(path, join(directory, 'build', path.split('/').at(-1)!));
  return directory;
}

const NAMES = [
  'map-hash',
  'map-lpm',
  'tail-calls',
  'redirects',
  'globals',
  'xdp-adjust',
  'map-in-map',
  'legacy',
  'faults/endless-loop',
];
const OBJECTS = [...NAMES.map(fixture), join(ROOT, 'fixtures/projects/balancer/build/l4lb.o')];

/** As strict as an editor can be, and with nothing of bpfdeck in sight but what init wrote. */
const STRICT = {
  ...{ target: 'ESNext', module: 'Preserve', moduleResolution: 'bundler', lib: ['ESNext'], types: [], strict: true },
  ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, verbatimModuleSyntax: true, noEmit: true },
  ...{ isolatedModules: true, noUnusedLocals: true, skipLibCheck: false, noImplicitOverride: true },
};

async function typeErrors(directory: string): Promise<string> {
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICT }));
  const tsc = Bun.spawn([join(ROOT, 'node_modules/.bin/tsc'), '-p', directory], { stdout: 'pipe' });
  return new Response(tsc.stdout).text();
}

test('what it writes passes strict TypeScript and runs; even the samples of maps fit', async () => {
  const directory = project('whole', OBJECTS);
  const written = await initProject(directory, []);
  expect(written.slice(0, 2).map((one) => one.path)).toEqual(['bpfdeck.config.ts', 'bpfdeck.d.ts']);
  expect(written).toHaveLength(OBJECTS.length + 2);
  expect(await typeErrors(directory)).toBe('');
  const suite = await loadSuite({ cwd: directory, filters: [], objects: [] });
  expect(suite.errors).toEqual([]);
  expect(suite.objects).toHaveLength(OBJECTS.length);
  const backend = new EngineBackend();
  const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
  const came = new Map<string, number>();
  for (const one of suite.cases) {
    const written = await runCase(one, scope);
    came.set(written.verdict, (came.get(written.verdict) ?? 0) + 1);
    if (one.mode !== 'todo') continue;
    const { verdict, reason } = await runCase({ ...one, mode: 'run', budget: 1_000_000 }, scope);
    expect([one.id, verdict === 'error' ? reason : '']).toEqual([one.id, '']);
  }
  expect(came.get('pass')).toBeGreaterThan(20);
  expect(came.get('todo')).toBeGreaterThan(10);
  expect([came.get('fail'), came.get('error')]).toEqual([undefined, undefined]);
});

test('samples read as a user would write them; sources are offered to be built', async () => {
  const directory = project('samples', [fixture('map-lpm'), fixture('globals'), fixture('printk')]);
  writeFileSync(join(directory, 'lpm.bpf.c'), '');
  await initProject(directory, []);
  const text = (name: string) => readFileSync(join(directory, name), 'utf8');
  expect(text('test/map-lpm.case.ts')).toContain("[['192.0.2.0/24', ");
  expect(text('test/globals.case.ts')).toContain("name: 'fixture'");
  expect(text('test/printk.case.ts')).not.toContain('____fmt');
  expect(text('bpfdeck.config.ts')).toContain("every change: build: { sources: '*.bpf.c' },");
});

test('types are real: a misspelt field of a case does not pass', async () => {
  const directory = project('typed', [fixture('map-hash')]);
  await initProject(directory, []);
  const file = join(directory, 'test/map-hash.case.ts');
  writeFileSync(file, readFileSync(file, 'utf8').replace('program:', 'progam:'));
  expect(await typeErrors(directory)).toContain("'progam' does not exist");
});

test('what is there already stays, but for the declarations', async () => {
  const directory = project('again', [fixture('globals')]);
  writeFileSync(join(directory, 'bpfdeck.config.ts'), '// mine');
  writeFileSync(join(directory, 'bpfdeck.d.ts'), '// old');
  const written = await initProject(directory, []);
  expect(written.map(({ path, kept }) => [path, kept])).toEqual([
    ['bpfdeck.config.ts', true],
    ['bpfdeck.d.ts', false],
    ['test/globals.case.ts', false],
  ]);
  expect(readFileSync(join(directory, 'bpfdeck.config.ts'), 'utf8')).toBe('// mine');
  expect((await initProject(directory, [])).map((one) => one.kept)).toEqual([true, false, true]);
});

test('objects of one name get case files of their own; what is no BPF object is left alone', async () => {
  const directory = project('twins', [fixture('globals')]);
  mkdirSync(join(directory, 'other'));
  cpSync(fixture('globals'), join(directory, 'other/globals.o'));
  writeFileSync(join(directory, 'other/host.o'), Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(60)]));
  const written = await initProject(directory, []);
  expect(written.slice(2).map((one) => one.path)).toEqual(['test/build-globals.case.ts', 'test/other-globals.case.ts']);
  expect(readFileSync(join(directory, 'bpfdeck.config.ts'), 'utf8')).toContain("objects: ['build/*.o', 'other/*.o']");
});

test('where nothing can be done, nothing is written', async () => {
  const empty = project('empty', []);
  expect(initProject(empty, [])).rejects.toThrow('there is no BPF object');
  writeFileSync(join(empty, 'x.o'), 'text');
  expect(initProject(empty, ['x.o'])).rejects.toThrow('x.o: ');
  expect(initProject(empty, ['../whole/build/l4lb.o'])).rejects.toThrow('is outside of');
  expect(initProject(empty, ['none.o'])).rejects.toThrow('no such file');
  expect(existsSync(join(empty, 'bpfdeck.d.ts'))).toBe(false);
});

test('as a command: what it wrote, a line each', async () => {
  const directory = project('command', [fixture('globals')]);
  const { out, code } = await cli(['init'], { cwd: directory });
  expect(code).toBe(0);
  expect(out).toContain('wrote test/globals.case.ts  first cases for build/globals.bpf.o');
  const ran = await cli(['test', '--reporter', 'default'], { cwd: directory });
  expect(ran.out).toMatch(/^1 passed, 0 failed, 1 todo in /);
});

test('literals: quotes, keys, bigint, lines broken where they are long', () => {
  expect(literal({ a: "it's", 'b-c': [1n, null], 0: new Source('packet'), '.bss': {} })).toBe(
    "{ 0: packet, a: 'it\\'s', 'b-c': [1n, null], '.bss': {} }",
  );
  expect(literal({ list: ['x'.repeat(60), 'y'.repeat(60)] })).toBe(
    `{\n  list: [\n    '${'x'.repeat(60)}',\n    '${'y'.repeat(60)}',\n  ],\n}`,
  );
});

test('the declarations that ship are those of the sources (BPFDECK_UPDATE=1 writes them)', async () => {
  const path = join(ROOT, 'docs/bpfdeck.d.ts');
  const made = await declarations();
  if (process.env.BPFDECK_UPDATE === '1') writeFileSync(path, made);
  expect(readFileSync(path, 'utf8')).toBe(made);
});
