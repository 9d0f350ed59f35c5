/** Holds the architecture: the real tree has no violation, and every planted one is found. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, importsOf, type SourceFile } from './rules.ts';

const ROOT = join(import.meta.dir, '..', '..');

function tree(): SourceFile[] {
  const glob = new Bun.Glob('{engine,src,ui,test,fixtures}/**/*.{ts,tsx}');
  return [...glob.scanSync({ cwd: ROOT })]
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

const FILES = tree();
const KNOWN = check(FILES);

/** What is wrong with a tree that is not wrong with the real one. */
function news(files: readonly SourceFile[]): string[] {
  return check(files).filter((one) => !KNOWN.includes(one));
}

/** The tree with one file added or put in another's place. */
function planted(path: string, text: string): string[] {
  return news([...FILES.filter((file) => file.path !== path), { path, text: `/** Planted. */\n${text}` }]);
}

function appended(path: string, text: string): string[] {
  return news(FILES.map((file) => (file.path === path ? { path, text: `${file.text}\n${text}\n` } : file)));
}

test('the tree has no violation', () => {
  expect(FILES.length).toBeGreaterThan(100);
  expect(KNOWN).toEqual([]);
});

test('imports are read with their types, over several lines, and when they are called', () => {
  const text =
    "import type { A } from './a.ts';\nimport {\n  b,\n} from './b.ts';\nexport * from './c.ts';\nawait import('./d.ts');";
  expect(importsOf(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts']);
});

test.each([
  ['engine/maps/planted.ts', "import '../net/skb.ts';", 'engine/maps/planted.ts imports engine/net/skb.ts'],
  ['engine/uapi/planted.ts', "import type { Result } from '../errors.ts';", 'engine/uapi/ may not'],
  ['engine/jit/planted.ts', "import { MapTable } from '../maps/map-table.ts';", 'engine/jit/ may not'],
  ['engine/planted.ts', "import { readFileSync } from 'node:fs';", 'engine/ imports nothing from outside'],
  ['src/planted.ts', "import { WorldMemory } from '../engine/memory.ts';", 'src/ may not'],
  ['src/planted.ts', "import { openScreen } from '../ui/index.ts';", 'src/ may not'],
  ['src/planted.ts', "import './main.ts';", 'src/ may not'],
  ['ui/planted.ts', "import type { State } from '../src/session/state.ts';", 'ui/ may not'],
])('a wrong import is found: %s %s', (path, text, problem) => {
  expect(planted(path, text).join('\n')).toContain(problem);
});

test('a circle through a type is found', () => {
  const problems = appended('engine/errors.ts', "import type { Memory } from './planted.ts';");
  const circle = check([
    ...FILES.map((file) =>
      file.path === 'engine/errors.ts'
        ? { ...file, text: `${file.text}\nimport type { X } from './memory.ts';\n` }
        : file,
    ),
  ]);
  expect(problems.length).toBeGreaterThan(0);
  expect(circle.some((one) => one.startsWith('circle: ') && one.includes('engine/memory.ts'))).toBe(true);
});

test('a file that nobody reaches is found', () => {
  expect(planted('src/planted.ts', 'export const x = 1;')).toEqual(['src/planted.ts is reached from nowhere']);
});

test('a file of 401 lines is found, a table of facts may be longer', () => {
  const long = `${'\n'.repeat(399)}export const x = 1;\n`;
  expect(planted('src/main.ts', long)).toContain('src/main.ts has 401 lines, more than 400');
  expect(planted('engine/uapi/errno.ts', long).filter((one) => one.includes('lines'))).toEqual([]);
});

test('a file without its opening sentence is found', () => {
  const files = [...FILES, { path: 'test/planted.test.ts', text: 'export const x = 1;\n' }];
  expect(news(files)).toEqual(['test/planted.test.ts does not open with a sentence that says what it is']);
});
