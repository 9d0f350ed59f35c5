/** The typed example of the README: cut out of it, compiled by the strict compiler, and run as whoever installs the package would. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'bpfdeck-readme-'));
const FILE = join(folder, 'example.ts');
const OPTIONS = {
  ...{ target: 'ESNext', module: 'Preserve', moduleResolution: 'bundler', lib: ['ESNext'], types: ['bun-types'] },
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, verbatimModuleSyntax: true },
  ...{ allowImportingTsExtensions: true, skipLibCheck: true, noEmit: true },
  typeRoots: [join(ROOT, 'node_modules')],
};

/** The block of TypeScript in the README that imports the engine. */
function example(): string {
  const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  const found = blocks.map((match) => match[1]!).filter((text) => text.includes("from 'bpfdeck/engine'"));
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** Errors of the strict compiler in a text put in the example's place. */
function compiled(text: string): string {
  writeFileSync(FILE, text);
  const tsc = Bun.spawnSync([join(ROOT, 'node_modules/.bin/tsc'), '-p', folder], { cwd: folder });
  return tsc.stdout.toString() + tsc.stderr.toString();
}

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/bpfdeck'), 'junction');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: ['example.ts'] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it compiles, and a name that is not there does not', () => {
  expect(compiled(example())).toBe('');
  expect(compiled(example().replace('data_size_out: 32', 'data_size: 32'))).toContain('data_size');
}, 180_000);

test('it runs and says what it says', () => {
  writeFileSync(FILE, example());
  const ran = Bun.spawnSync([process.execPath, FILE], { cwd: ROOT });
  expect(ran.stderr.toString()).toBe('');
  expect(ran.stdout.toString()).toBe('verdict 2: 32 of 64 bytes\n');
});
