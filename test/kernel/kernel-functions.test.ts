/** What only a kernel has, on the kernel: its functions and variables found by BTF, and functions of a program replaced by another's. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRNO, PROG_TYPE } from '../../engine/index.ts';
import type { RunRequest } from '../../src/backends/backend.ts';
import { tryProgType } from '../../src/backends/kernel/feature-progs.ts';
import { kernelRelease, missingAlthough, skipWithout } from '../../src/backends/kernel/release.ts';
import { KernelSession } from '../../src/backends/kernel/session.ts';
import { Judge, noKernel } from './judge.ts';

const LOADER = join(import.meta.dir, '../../fixtures/loader');
const FUNCTIONS = join(LOADER, 'kernel-functions.bpf.o');
const TARGET = join(LOADER, 'extended.bpf.o');
const EXTENSION = join(LOADER, 'extension.bpf.o');
const PACKET = new Uint8Array(70).fill(5);
const TIME = 77n;

const session = new KernelSession();
for (const path of [FUNCTIONS, TARGET, EXTENSION]) session.open(path, new Uint8Array(readFileSync(path)));

function run(object: string, program: string, more: Partial<RunRequest> = {}) {
  return session.run({
    ...{ object, program, presets: [], opts: { data_in: PACKET, env: { time_ns: TIME } } },
    ...more,
  });
}

/** bpf_dynptr_from_xdp and its kin. */
const DYNPTR_SINCE = '6.5';
const hasDynptr = missingAlthough(DYNPTR_SINCE) !== null;
const noFunctions = noKernel ?? skipWithout('kernel functions', hasDynptr, DYNPTR_SINCE);
const kallsyms = noKernel === null ? readFileSync('/proc/kallsyms', 'latin1') : '';

describe.skipIf(noFunctions !== null)(
  `kernel functions${noFunctions === null ? '' : ` (skipped: ${noFunctions})`}`,
  () => {
    test.each([
      // 70 bytes, and the fourth byte of those after the Ethernet header.
      ['slice', (70 << 8) | 5],
      ['size', 70],
      ['length', 70],
      ['flavours', 1],
      ['address', 1],
    ])('%s gives %d', (program, retval) => {
      const { refusal, result } = run(FUNCTIONS, program);
      expect(refusal).toBeNull();
      expect(result).toMatchObject({ errno: 0, retval });
    });

    test('a function that is declared otherwise than the kernel has it is refused by name', () => {
      expect(run(FUNCTIONS, 'wrongly_declared').refusal).toMatchObject({
        stage: 'unsupported',
        message:
          'the kernel function bpf_dynptr_is_null is declared with another type than the running kernel gives it',
      });
    });

    test('a variable of each CPU is found, where the kernel knows its address', () => {
      const { refusal, result } = run(FUNCTIONS, 'variable');
      if (/ bpf_prog_active$/m.test(kallsyms)) expect(result).toMatchObject({ errno: 0, retval: 1 });
      else expect(refusal?.message).toContain("kernel symbol 'bpf_prog_active'");
    });

    test('a function of a module is found where the module is, and said to be missing where it is not', () => {
      const { refusal, result } = run(FUNCTIONS, 'of_module');
      if (/ bpf_xdp_ct_lookup(\s|$)/m.test(kallsyms)) expect(result).toMatchObject({ errno: 0, retval: 2 });
      else expect(refusal?.message).toMatch(/kernel function bpf_\w+ is not in the running kernel/);
    });
  },
);

const ext = noKernel === null ? tryProgType(PROG_TYPE.EXT) : null;
/** A kernel that has extensions and lets nobody load one is no older one. */
const forbidden = ext?.loads === null ? `freplace: ${kernelRelease()} forbids it (EPERM)` : null;
const noExtensions = noKernel ?? forbidden ?? skipWithout('freplace', ext?.loads === true, '5.6');

describe.skipIf(noExtensions !== null)(`freplace${noExtensions === null ? '' : ` (skipped: ${noExtensions})`}`, () => {
  test('the program runs the function of the further object, with maps, time and functions of its own', () => {
    expect(run(TARGET, 'dispatch').result).toMatchObject({ errno: 0, retval: 10_020 });
    const { refusal, result, maps } = run(TARGET, 'dispatch', { with: [EXTENSION] });
    expect(refusal).toBeNull();
    expect(result).toMatchObject({ errno: 0, retval: 10_035 });
    const own = maps.find(({ name }) => name === 'extension.bpf.o#.bss')!.entries[0]!.value;
    expect([...new BigUint64Array(own.slice().buffer)]).toEqual([70n, TIME]);
    expect(run(TARGET, 'dispatch').result?.retval).toBe(10_020);
  });

  test('engine and kernel answer alike', async () => {
    const judge = new Judge();
    for (const path of [TARGET, EXTENSION]) await judge.open(path, new Uint8Array(readFileSync(path)));
    const opts = { data_in: PACKET, env: { time_ns: TIME } };
    const request = { object: TARGET, program: 'dispatch', presets: [], opts, with: [EXTENSION] };
    expect(await judge.mismatches(request)).toEqual([]);
    judge.close();
  });
});

describe.skipIf(noKernel !== null)('freplace without anything to replace', () => {
  test('a function that the program does not have', () => {
    expect(run(TARGET, 'alone', { with: [EXTENSION] }).refusal?.message).toBe(
      'extension.bpf.o#instead replaces second, which is no global function of alone: it has none',
    );
  });

  test('the extension by itself', () => {
    expect(run(EXTENSION, 'instead').refusal).toMatchObject({
      ...{ stage: 'load', errno: ERRNO.EINVAL },
      message: expect.stringContaining('stands in for a function of another program'),
    });
  });
});
