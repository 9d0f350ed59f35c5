/** The attributes of live frame mode: each row on the engine and, where there is one, on the kernel; and what comes back from a run. */
import { afterAll, describe, expect, test } from 'bun:test';
import { type ProgRunResult, progRun } from '../../../engine/index.ts';
import { testRun } from '../../../src/backends/kernel-run.ts';
import { loadLive, OBJECT } from '../../support/live/engine.ts';
import { noKernel } from '../../support/live/kernel.ts';
import { load, XDP_TYPE } from '../../support/live/kernel-netns.ts';
import { PARAM_ROWS } from '../../support/live/params.ts';

const object = loadLive();
const why = noKernel();
const kernel = why === null ? load(OBJECT, 'scripted', []).object : null;
afterAll(() => kernel?.close());

function onEngine(opts: (typeof PARAM_ROWS)[number]['opts']): ProgRunResult {
  object.reset();
  const done = progRun(object, 'scripted', opts);
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

const asked = ({
  errno,
  retval,
  data_size_out,
  data_out,
}: Pick<ProgRunResult, 'errno' | 'retval' | 'data_size_out' | 'data_out'>) => {
  return { errno, retval, data_size_out, data_out: data_out === null ? null : Buffer.from(data_out).toString('hex') };
};

describe('attributes', () => {
  test.each(PARAM_ROWS.map((row) => [row.name, row] as const))('%s', (_name, { opts, errno }) => {
    const result = onEngine(opts);
    expect(result.errno).toBe(errno);
    expect(result.reason === '').toBe(errno === 0);
    if (errno === 0) expect(result).toMatchObject({ retval: 0, data_size_out: opts.data_in!.length });
  });

  test.skipIf(kernel === null).each(PARAM_ROWS.map((row) => [row.name, row] as const))(
    'on the kernel: %s',
    (_name, row) => {
      const fd = kernel!.programs.get('scripted')!.fd;
      const theirs = asked(testRun(fd, XDP_TYPE, row.opts));
      expect(theirs.errno).toBe(row.errno);
      expect(asked(onEngine(row.opts))).toEqual(theirs);
    },
  );
});

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
