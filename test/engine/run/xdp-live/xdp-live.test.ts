/** Live frames in one call of BPF_PROG_RUN: what comes back, and which programs are refused. Its attributes are the contract's (test/contract). */
import { expect, test } from 'bun:test';
import { type ProgRunOpts, type ProgRunResult, progRun } from '../../../../engine/index.ts';
import { loadLive } from '../../../support/live/engine.ts';

const object = loadLive();

function onEngine(opts: ProgRunOpts): ProgRunResult {
  object.reset();
  const done = progRun(object, 'scripted', opts);
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

test('a run in one call: all frames are run, data_out is the packet as it was given', () => {
  const data_in = new Uint8Array(64).fill(7);
  const result = onEngine({ data_in, flags: 2, repeat: 1000 });
  expect(result).toMatchObject({ errno: 0, retval: 0, fault: null, data_out: data_in, ctx_out: null, redirect: null });
  expect(result.duration_ns).toBeGreaterThanOrEqual(0);
  expect(result.insns_executed).toBeGreaterThan(1000 * 10);
});

test('programs for devmaps and other types cannot be run alone', () => {
  for (const name of ['egress', 'on_cpu']) {
    const done = progRun(object, name, { data_in: new Uint8Array(64), flags: 2 });
    expect(done).toMatchObject({ ok: true, value: { errno: 22, retval: null } });
  }
});
