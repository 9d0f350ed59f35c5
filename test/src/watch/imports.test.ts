/** The files that a case file is made of. */
import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importClosure } from '../../../src/watch/imports.ts';

test('imports are followed, circles end, packages and what is not there are left out', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'imports-')));
  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  mkdirSync(join(root, 'lib'));
  write('a.case.ts', "import { b } from './lib/b.ts';\nimport { test } from 'bpfdeck';\nimport './gone.ts';");
  write('lib/b.ts', "export * from './c';\nexport const b = 1;");
  write('lib/c.ts', "import { b } from './b.ts';\nexport const c = () => b;");
  const names = importClosure(join(root, 'a.case.ts')).map((path) => path.slice(root.length + 1));
  expect(names).toEqual(['a.case.ts', 'lib/b.ts', 'lib/c.ts']);
  rmSync(root, { recursive: true });
});
