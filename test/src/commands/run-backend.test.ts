/** `run --backend`: the real kernel alone and as judge; where it cannot be used, a sentence that says why. */
import { describe, expect, test } from 'bun:test';
import { probeKernel } from '../../../src/backends/kernel/probe.ts';
import { cli, fixture } from '../../support/cli.ts';

const FRAME = 'hex:ffffffffffff02000000000108004500001c0000000040117cd07f0000017f00000104d2000900080000';
const usable = probeKernel();

test('an unknown backend is a usage error', async () => {
  const { code, err } = await cli(['run', fixture('xdp-parse'), '--data-in', FRAME, '--backend', 'kernle']);
  expect([code, err]).toEqual([2, 'bpfdeck: there is no backend kernle: did you mean kernel?\n']);
});

describe.skipIf(usable.usable)('without a usable kernel (skipped where there is one)', () => {
  test('the reason is said', async () => {
    const { code, err } = await cli(['run', fixture('xdp-parse'), '--data-in', FRAME, '--backend', 'kernel']);
    expect(code).toBe(2);
    expect(err).toStartWith('bpfdeck: the kernel cannot be used here: ');
  });
});

describe.skipIf(!usable.usable)(`with the kernel${usable.usable ? '' : ` (skipped: ${usable.reason})`}`, () => {
  test('both say the same', async () => {
    const { code, out } = await cli([
      'run',
      fixture('map-array'),
      'count_in_place',
      '--data-in',
      FRAME,
      '--backend',
      'both',
    ]);
    expect(out).toContain('kernel    says the same\n');
    expect(code).toBe(0);
  });

  test('in JSON the kernel is beside the engine', async () => {
    const args = ['run', fixture('xdp-parse'), '--data-in', FRAME, '--backend', 'both', '--json'];
    const both = JSON.parse((await cli(args)).out);
    expect(both).toMatchObject({ backend: 'engine', retval: 1, mismatch: [] });
    expect(both.kernel).toMatchObject({ backend: 'kernel', retval: 1, retval_name: 'XDP_DROP', insns_executed: null });
    expect(both.kernel.data_out).toBe(both.data_out);
  });

  test('what only the verifier refuses is a difference, and ends with 1', async () => {
    const args = ['run', fixture('faults/null-map-value'), '--data-in', FRAME, '--backend', 'both', '--json'];
    const { code, out } = await cli(args);
    expect(code).toBe(1);
    const both = JSON.parse(out);
    expect(both.kernel.error).toMatchObject({ stage: 'load', errno_name: 'EACCES' });
    expect(both.kernel.error.verifier_log).toContain("R0 invalid mem access 'map_value_or_null'");
    expect(both.mismatch[0]).toMatchObject({ field: 'refusal', engine: null });
  });

  test('the kernel alone refuses with 4', async () => {
    const { code, err } = await cli(['run', fixture('faults/endless-loop'), '--data-in', FRAME, '--backend', 'kernel']);
    expect(code).toBe(4);
    const [said, ...log] = err.trimEnd().split('\n');
    expect(said).toMatch(
      /^bpfdeck: .*endless_loop.*infinite loop detected at insn \d+ \(EINVAL\) .*endless-loop.bpf.c:\d+/,
    );
    expect(log[0]).toStartWith('verifier  ');
    expect(log.some((line) => /^ {10}; .*@ endless-loop.bpf.c:\d+$/.test(line))).toBe(true);
    expect(log.join('\n')).not.toContain('processed');
  });
});
