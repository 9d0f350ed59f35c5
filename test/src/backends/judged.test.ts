/** A judge beside a backend: where the two differ, a case that would pass fails and says what each answered. */
import { expect, test } from 'bun:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JudgedBackend } from '../../../src/backends/judged.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCase } from '../../../src/runner/runner.ts';
import { FakeBackend, type FakeScript, fakeObject } from '../../support/fake-backend.ts';
import { settled } from '../../support/settled.ts';

const object = join(mkdtempSync(join(tmpdir(), 'judged-')), 'lb.o');

/** The judge sees every object as `other` says. */
class Otherwise extends FakeBackend {
  private readonly other: FakeScript;

  constructor(other: FakeScript) {
    super();
    this.other = other;
  }

  override open(path: string): ReturnType<FakeBackend['open']> {
    return super.open(path, fakeObject(this.other));
  }
}

async function came(mine: FakeScript, theirs: FakeScript, more = {}) {
  writeFileSync(object, fakeObject(mine));
  const backend = new JudgedBackend(new FakeBackend(), new Otherwise(theirs));
  const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
  const outcome = await runCase(settled('a', { object, ...more }), scope);
  await backend.close();
  return outcome;
}

const one = (retval: number, printk: string[] = []): FakeScript => ({ programs: { xdp_lb: { retval, printk } } });

test('both alike: the case is what it is', async () => {
  expect(await came(one(3), one(3))).toMatchObject({ verdict: 'pass', differences: [] });
  expect(await came(one(3), one(3), { expect: { retval: 1 } })).toMatchObject({ verdict: 'fail' });
});

test('a difference fails a case that passes by itself', async () => {
  const { verdict, reason, differences } = await came(one(3, ['a']), one(1, ['a', 'b']));
  expect([verdict, reason]).toEqual(['fail', 'mismatch: the kernel answers otherwise than the engine']);
  expect(differences).toEqual([
    { field: 'mismatch', at: 'retval', expected: 'XDP_DROP (1)', received: 'XDP_TX (3)' },
    { field: 'mismatch', at: 'printk[1]', expected: 'b', received: 'nothing' },
  ]);
});

test('a case that fails by itself says that first', async () => {
  const { reason, differences } = await came(one(3), one(1), { expect: { retval: 1 } });
  expect(reason).toBe('');
  expect(differences.map((d) => d.field)).toEqual(['retval', 'mismatch']);
});

test('what the judge refuses to run is a difference', async () => {
  const refusal = { stage: 'load', errno: 22, message: 'R1 invalid mem access', where: {} } as const;
  const { differences } = await came(one(3), { programs: { xdp_lb: { refusal } } });
  expect(differences).toEqual([
    { field: 'mismatch', at: 'refusal', expected: 'R1 invalid mem access', received: 'nothing' },
  ]);
});

test('what only the kernel can run is skipped, and that it can is said', async () => {
  const refusal = { stage: 'unsupported', errno: 0, message: 'bpf_x is not supported', where: {} } as const;
  const { verdict, reason } = await came({ programs: { xdp_lb: { refusal } } }, one(3));
  expect([verdict, reason]).toEqual(['skip', 'bpf_x is not supported; the kernel runs it']);
});
