/** Users' files that do not come to their end, or end the process, while they are loaded. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guarded } from '../../../src/cases/load-guard.ts';
import { ROOT } from '../../support/cli.ts';

setDefaultTimeout(60_000);
const directory = mkdtempSync(join(tmpdir(), 'guard-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('what is loaded in time is given back', async () => {
  expect(await guarded('a.ts', async () => 7)).toBe(7);
  expect(guarded('a.ts', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('a promise that is never kept', async () => {
  expect(guarded('a.ts', () => new Promise(() => {}), 50)).rejects.toThrow(/^it does not come to its end/);
});

test.each([
  ['an endless loop', 'while (true) {}', 'a.case.ts does not come to its end: nothing came of it in 0.05 s'],
  ['process.exit', 'process.exit(0)', 'a.case.ts ended the process while it was loaded'],
])('%s: the process ends with a sentence and 2', async (_what, body, sentence) => {
  const script = join(directory, 'script.ts');
  const guard = join(ROOT, 'src/cases/load-guard.ts');
  writeFileSync(
    script,
    `import { guarded } from '${guard}';\nawait guarded('a.case.ts', async () => { ${body} }, 50);\n`,
  );
  const child = Bun.spawn([process.execPath, script], { stdout: 'pipe', stderr: 'pipe' });
  expect(await new Response(child.stderr).text()).toStartWith(`bpfdeck: ${sentence}`);
  expect(await child.exited).toBe(2);
});
