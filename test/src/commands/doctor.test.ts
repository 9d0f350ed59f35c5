/** `bpfdeck doctor`: the engine's part everywhere, the kernel's by trying where bpf(2) can be used, and why where it cannot. */
import { describe, expect, test } from 'bun:test';
import { contractOf, PROG_TYPE, runnableTypes } from '../../../engine/index.ts';
import type { Feature, ProgTypeFeatures } from '../../../src/backends/kernel/features.ts';
import { probeKernel } from '../../../src/backends/kernel/probe.ts';
import { missingAlthough, skipWithout } from '../../../src/backends/kernel/release.ts';
import { type Diagnosis, doctorReport } from '../../../src/commands/doctor-report.ts';
import { progTypeName } from '../../../src/format/prog-types.ts';
import { makeStyle } from '../../../src/format/style.ts';
import { cli } from '../../support/cli.ts';

const probed = probeKernel();
const WHY = probed.usable ? '' : ` (skipped: ${probed.reason})`;
const HAS: Feature = { supported: true, since: '4.8', note: '' };

function prog(type: string, changes: Partial<ProgTypeFeatures> = {}): ProgTypeFeatures {
  return { type, load: HAS, run: HAS, helpers: [], missing_helpers: [], ...changes };
}

function textOf(kernel: Diagnosis['kernel']): string {
  const engine = { usable: true, bun: '1.4.5', platform: 'linux x64', wasm: true };
  return doctorReport({ version: '0.1.0', engine, kernel }, makeStyle(false));
}

test('the engine can be used, and a kernel that cannot is no error', async () => {
  const { code, out, err } = await cli(['doctor']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(`engine  can be used: Bun ${Bun.version}`);
  expect(out).toContain(probed.usable ? 'kernel  can be used' : `kernel  cannot be used: ${probed.reason}`);
});

test('why the kernel cannot be used, and what to do', () => {
  const refused = { usable: false, reason: 'it is not permitted', advice: 'run it as root' } as const;
  expect(textOf({ release: '6.1.0', lockdown: 'integrity', ...refused })).toBe(
    'bpfdeck 0.1.0\nengine  can be used: Bun 1.4.5 on linux x64, WebAssembly with tail calls\n' +
      'kernel  cannot be used: it is not permitted; run it as root (Linux 6.1.0, lockdown integrity)\n',
  );
});

test('what is missing is named: once where no type has it, in the row where another type has it', () => {
  const lacks = (name: string) => ({ name, since: '5.18', note: '' });
  const text = textOf({
    ...{ release: '5.4.0', lockdown: '', usable: true },
    prog_types: [
      prog('XDP', { helpers: ['bpf_a'], missing_helpers: [lacks('bpf_b')] }),
      prog('SCHED_CLS', { helpers: ['bpf_c'], missing_helpers: [lacks('bpf_a'), lacks('bpf_b')] }),
      prog('LSM', { load: { supported: null, since: '5.7', note: 'not permitted (EPERM)' } }),
    ],
    map_types: [
      { type: 'ARRAY', create: HAS },
      { type: 'ARENA', create: { supported: false, since: '6.9', note: 'EINVAL' } },
    ],
    live_frames: { supported: false, since: '5.18', note: '' },
    forbidden: { reason: 'root here lacks CAP_PERFMON', advice: 'give the process CAP_PERFMON' },
  });
  const lines = text.split('\n');
  expect(lines.find((line) => line.includes('sched_cls'))).toEndWith('not bpf_a, as on newer kernels');
  expect(lines.filter((line) => line.includes('bpf_b'))).toEqual(['  bpf_b (since 5.18)']);
  expect(lines.find((line) => line.includes('lsm'))).toMatch(/\? {3}5\.7.*not permitted/);
  expect(text).toContain('Map types  1 of 2 can be created\n  no arena (since 6.9): EINVAL\n');
  expect(text).toContain('Live frames  no (since 5.18)\n');
  expect(text).toEndWith('Not permitted  root here lacks CAP_PERFMON; give the process CAP_PERFMON\n');
});

test('absence on a kernel that should have it is said, and fails a test instead of skipping it', () => {
  expect(missingAlthough('5.18', '6.18.44-generic')).toBe('missing although 6.18 is newer than 5.18');
  expect(missingAlthough('5.18', '5.18.0')).toContain('missing although');
  expect(missingAlthough('5.18', '5.4.0-150')).toBeNull();
  expect(missingAlthough('5.18', '4.19')).toBeNull();
  expect(missingAlthough(null, '6.18.44')).toBeNull();
  expect(skipWithout('x', true, '5.18', '6.18.44')).toBeNull();
  expect(skipWithout('x', false, '5.18', '5.4.0')).toBe('x: this kernel (5.4.0) is older than 5.18');
  expect(() => skipWithout('x', false, '5.18', '6.18.44')).toThrow('x: missing although 6.18 is newer than 5.18');
});

describe.skipIf(!probed.usable)(`features of the running kernel${WHY}`, () => {
  test('types, helpers, maps and live frames, by trying', async () => {
    const { out } = await cli(['doctor', '--json']);
    const { kernel } = JSON.parse(out) as Diagnosis;
    if (!kernel.usable) throw new Error(kernel.reason);
    const type = (name: string) => kernel.prog_types.find((one) => one.type === name)!;
    expect(kernel.prog_types.map((one) => one.type)).toEqual(Object.keys(PROG_TYPE).slice(1));
    expect(type('XDP')).toMatchObject({ load: { supported: true }, run: { supported: true } });
    expect(type('KPROBE')).toMatchObject({ load: { supported: true }, run: { supported: false, since: null } });
    expect(type('XDP').helpers).toContain('bpf_xdp_adjust_head');
    expect(type('SOCKET_FILTER').helpers).not.toContain('bpf_xdp_adjust_head');
    expect(type('SOCKET_FILTER').helpers).toContain('bpf_map_lookup_elem');
    expect(kernel.map_types.find((one) => one.type === 'ARRAY')?.create.supported).toBe(true);
    const live = skipWithout('live frames', kernel.live_frames.supported === true, '5.18');
    expect(kernel.live_frames.supported).toBe(live === null);
  });

  test('whatever the kernel runs, the engine has a contract for, or says that it does not run', async () => {
    const { kernel } = JSON.parse((await cli(['doctor', '--json'])).out) as Diagnosis;
    if (!kernel.usable) throw new Error(kernel.reason);
    const runs = kernel.prog_types.filter((one) => one.run.supported === true).map((one) => one.type);
    const known = runnableTypes()
      .filter((one) => contractOf(one) !== undefined)
      .map(progTypeName);
    expect(runs.filter((name) => !known.includes(name) && name !== 'TRACING')).toEqual([]);
    // A type that runs here is in the table of versions, so that its absence elsewhere can be told.
    const undated = kernel.prog_types.filter((one) => one.run.supported === true && one.run.since === null);
    expect(undated).toEqual([]);
  });
});
