/** `bpfdeck test` as a process: every case by name, filters, exit codes. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { probeKernel } from '../../../src/backends/kernel/probe.ts';
import { MAIN, ProjectCopy } from '../../support/balancer-copy.ts';
import { readTap } from '../../support/tap.ts';

setDefaultTimeout(180_000);
const project = new ProjectCopy();
const noKernel = !probeKernel().usable;
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
  expect(out).toMatch(/\n73 passed, 0 failed in /);
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

test('--list names cases and runs none; --shard takes a part; parts merge into the whole', async () => {
  const list = await bpfdeck('test', '--config', 'failing.config.ts', '--list');
  expect(list.out.trimEnd().split('\n')).toEqual([
    'failing/l4lb.case.ts › build/l4lb.o › balance › ARP goes up to the stack',
    'failing/l4lb.case.ts › build/l4lb.o › balance › a new flow goes to the second backend',
    'failing/l4lb.case.ts › build/l4lb.o › balance › a port that is no VIP is dropped',
  ]);
  expect(list.code).toBe(0);
  const part = (i: number) =>
    bpfdeck('test', '--config', 'failing.config.ts', '--shard', `${i}/2`, '--reporter', `ndjson:${i}.ndjson`);
  const codes = [(await part(1)).code, (await part(2)).code];
  expect(codes).toEqual([0, 1]);
  const whole = await bpfdeck('merge-reports', '1.ndjson', '2.ndjson');
  expect(whole.out).toContain('✗ a new flow goes to the second backend');
  expect(whole.out).toMatch(/\n1 passed, 2 failed in /);
  expect(whole.code).toBe(1);
  expect((await bpfdeck('test', '--shard', '3/2')).err).toContain('--shard 3/2 is no part of a whole');
});

test('--workers gives the same report', async () => {
  const { out, code } = await bpfdeck('test', '--workers', '3', '--reporter', 'tap');
  const names = (text: string) => readTap(text).points.map((point) => point.description);
  expect(names(out)).toEqual(names((await bpfdeck('test', '--reporter', 'tap')).out));
  expect(code).toBe(0);
  expect((await bpfdeck('test', '--workers', 'many')).err).toContain('--workers many is no number');
});

test('under GITHUB_ACTIONS failures are annotated too, from the top of the checkout', async () => {
  const child = Bun.spawn([process.execPath, MAIN, 'test', '--config', 'failing.config.ts'], {
    cwd: project.root,
    env: { ...process.env, GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: join(project.root, '..') },
    stdout: 'pipe',
  });
  const out = await new Response(child.stdout).text();
  const name = basename(project.root);
  expect(out).toContain(`::error file=${name}/failing/l4lb.case.ts,line=`);
  expect(out).toContain('✗ a port that is no VIP is dropped');
});

test('--update shows and writes what was received; the next run passes', async () => {
  const before = new TextDecoder().decode(project.read('failing/l4lb.case.ts'));
  const first = await bpfdeck('test', '--config', 'failing.config.ts', '--update', '--reporter', 'dot');
  expect(first.out).toContain("- expect: { retval: 'XDP_DROP' },\n    + expect: { retval: 'XDP_PASS' },");
  expect(first.out).toContain(
    "- data_out: tunnel,\n    + data_out: tunnel.with('eth', { h_dest: '02:00:00:00:01:01' }).with('ipv4', { daddr: '10.0.1.1' }),",
  );
  expect(first.out).toMatch(/\n3 expected values written\n$/);
  expect(first.code).toBe(0);
  const second = await bpfdeck('test', '--config', 'failing.config.ts', '--update');
  expect(second.code).toBe(0);
  expect(second.out).toContain('3 passed, 0 failed');
  expect(second.out).toContain('0 expected values written');
  project.write('failing/l4lb.case.ts', before);
});

test('what the config says is built first; what does not build is shown with its line, and no old object is judged', async () => {
  const command = "test -e good && cp build/filter.o {object} || { echo '{source}:2:5: error: no such word'; exit 1; }";
  const rule = {
    sources: 'bpf/filter.bpf.c',
    object: 'made/{name}.o',
    command,
  };
  const config = (cases: string) =>
    `import project from './bpfdeck.config.ts';\nexport default { ...project, objects: 'made/*.o', cases: '${cases}', build: ${JSON.stringify(rule)} };`;
  project.write('build.config.ts', config('made/*.case.ts'));
  const asked = ['test', '--config', 'build.config.ts'];
  const bad = await bpfdeck(...asked);
  expect(bad.out).toContain('✗ bpf/filter.bpf.c:2\n    no such word\n        1 │');
  expect(bad.out).toContain('0 passed, 0 failed, 1 build error: no case ran');
  expect([bad.code, bad.err]).toEqual([1, 'building bpf/filter.bpf.c\n']);
  project.write('good', '');
  mkdirSync(project.path('made'), { recursive: true });
  project.write(
    'made/one.case.ts',
    "export default { name: 'one', object: 'made/filter.o', program: 'filter', data_in: '00'.repeat(14), expect: { errno: 0 } };",
  );
  expect(await bpfdeck(...asked, '--no-build')).toMatchObject({ code: 4, err: '' });
  expect((await bpfdeck(...asked)).out).toContain('✓ one');
});

test.skipIf(noKernel)('--backend: the same cases on the real kernel, or with it as judge', async () => {
  for (const backend of ['kernel', 'both']) {
    const { out, code } = await bpfdeck('test', 'ratelimit', '--backend', backend, '--reporter', 'default');
    expect(out).toMatch(/^16 passed, 0 failed in /);
    expect(code).toBe(0);
  }
  const counted = await bpfdeck('test', 'token', '--backend', 'both', '--coverage', '--reporter', 'default');
  expect(counted.out).toMatch(/build\/ratelimit\.o › limit_rate +\d+\.\d% /);
});

test('--backend: an unknown name', async () => {
  expect((await bpfdeck('test', '--backend', 'kernle')).err).toContain(
    'there is no backend kernle: did you mean kernel?',
  );
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
  expect(odd.out).toContain('73 passed');
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
