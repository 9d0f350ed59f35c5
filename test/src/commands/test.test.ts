/** `bpfdeck test` as a process: every case by name, filters, exit codes. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { MAIN, ProjectCopy } from '../../support/balancer-copy.ts';

setDefaultTimeout(30_000);
const project = new ProjectCopy();
afterAll(() => project.remove());

async function bpfdeck(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: project.root,
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

test('the whole project: every case by name, then the counts', async () => {
  const { code, out, err } = await bpfdeck('test');
  expect(err).toBe('');
  expect(out).toContain('✓ ARP passes');
  expect(out).toMatch(/\n72 passed, 0 failed in /);
  expect(code).toBe(0);
});

test('watch without a terminal runs once and gives the same code', async () => {
  const { code, out } = await bpfdeck('watch', '--config', 'failing.config.ts');
  expect(out).toContain('✗ a new flow goes to the second backend');
  expect(out).toMatch(/\n1 passed, 2 failed in /);
  expect(code).toBe(1);
});

test('a filter chooses cases by any part of their names', async () => {
  const { code, out } = await bpfdeck('test', 'ratelimit', '--reporter', 'json');
  expect(JSON.parse(out)).toMatchObject({ passed: 16, failed: 0 });
  expect(code).toBe(0);
  const none = await bpfdeck('test', 'no such case');
  expect(none.code).toBe(3);
  expect(none.err).toBe('bpfdeck: no case has "no such case" in its name\n');
  expect(await bpfdeck('test', 'no such case', '--pass-with-no-tests')).toMatchObject({ code: 0 });
});

test('objects named to watch: only their cases', async () => {
  const { code, out } = await bpfdeck('watch', 'build/filter.o');
  expect(out).toMatch(/\n22 passed, 0 failed/);
  expect(code).toBe(0);
});

test('what cannot be read: config and case files 2, objects 4', async () => {
  expect((await bpfdeck('test', '--config', 'none.ts')).code).toBe(2);
  project.write('test/broken.case.ts', 'export default [');
  const broken = await bpfdeck('test', 'ARP');
  expect(broken.code).toBe(2);
  expect(broken.out).toContain('test/broken.case.ts:1');
  project.write('test/broken.case.ts', '');
  project.write('build/odd.o', 'text');
  const odd = await bpfdeck('test');
  expect(odd.code).toBe(4);
  expect(odd.out).toContain('build/odd.o');
  expect(odd.out).toContain('72 passed');
});

test('a project without anything: 3', async () => {
  mkdirSync(project.path('empty'));
  project.write('empty/bpfdeck.config.ts', 'export default {};');
  const child = Bun.spawn([process.execPath, MAIN, 'test'], {
    cwd: project.path('empty'),
    stdout: 'pipe',
    stdin: 'ignore',
  });
  expect(await child.exited).toBe(3);
});
