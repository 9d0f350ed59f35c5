/** The machine around a case: namespaces and memory are checked when the case is read, and reach the run. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { settleMemory, settleNetns } from '../../../src/cases/machine.ts';
import { settleCase } from '../../../src/cases/settle.ts';
import type { Project } from '../../../src/config.ts';
import type { RunEvent } from '../../../src/outcome.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCases } from '../../../src/runner/runner.ts';
import type { TestCase } from '../../../src/test-case.ts';

const ROOT = join(import.meta.dir, '..', '..', '..', 'fixtures');
const PROJECT: Project = {
  ...{ file: null, root: ROOT, objects: [], cases: [], builds: [], btf: null, lenient: false },
  defaults: { netns: { devices: [{ ifindex: 1, forwarding: true }] } },
};
const SCOPE = { root: ROOT, file: join(ROOT, 'x.case.ts') };

async function outcomeOf(one: TestCase) {
  const backend = new EngineBackend();
  const events: RunEvent[] = [];
  const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
  const settled = settleCase(one, PROJECT, SCOPE.file, 1);
  await runCases([settled], scope, { run: 1, cause: 'test' } as never, (event) => events.push(event));
  return events.flatMap((event) => (event.type === 'outcome' ? [event.outcome] : []))[0];
}

const ROUTES = { object: 'objects/routes/routes.bpf.o', program: 'xdp_forward', data_in: '00'.repeat(64) };

test("a case's namespace is its own, without one it is the project's", async () => {
  const routed = { routes: [{ to: '10.1.0.0/16', dev: 1 }], devices: [{ ifindex: 1, forwarding: true }] };
  const own = await outcomeOf({ ...ROUTES, name: 'own', netns: routed, expect: { retval: 7 } });
  const projects = await outcomeOf({ ...ROUTES, name: 'of the project', expect: { retval: 4 } });
  expect([own?.verdict, own?.differences, projects?.verdict]).toEqual(['pass', [], 'pass']);
});

test('memory that a context points to', async () => {
  const one = { object: 'prog-run/struct-ops/struct-ops.bpf.o', program: 'first', ctx_in: { state: 0x1000 } };
  const there = await outcomeOf({ ...one, name: 'there', memory: { '0x1000': '2a000000' }, expect: { retval: 42 } });
  const elsewhere = await outcomeOf({
    ...one,
    name: 'elsewhere',
    memory: { 8192: '2a000000' },
    expect: { errno: 'EFAULT' },
  });
  expect([there?.verdict, elsewhere?.verdict]).toEqual(['pass', 'pass']);
});

test('the CPU asked for', async () => {
  const one = { object: 'prog-run/raw-tracepoint/raw-tracepoint.bpf.o', program: 'none', flags: 1, env: { cpus: 2 } };
  const online = await outcomeOf({ ...one, name: 'online', cpu: 1, expect: { maps: { '.bss': { cpu: 1 } } } });
  const offline = await outcomeOf({ ...one, name: 'offline', cpu: 2, expect: { errno: 'ENXIO' } });
  expect([online?.verdict, online?.differences, offline?.verdict]).toEqual(['pass', [], 'pass']);
});

test('mistakes name the field', () => {
  expect(() => settleNetns({ devices: [{ ifindex: 'one' }] })).toThrow('netns.devices[0].ifindex is "one"');
  expect(() => settleMemory({ here: '00' }, SCOPE)).toThrow('here is no address');
  expect(() => settleMemory({ 16: 7 }, SCOPE)).toThrow('memory.16');
});
