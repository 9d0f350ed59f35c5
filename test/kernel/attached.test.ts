/** What stands in maps and tables of the kernel: programs of devmap and cpumap entries, tables of operations. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRNO, MAP_TYPE, openObject } from '../../engine/index.ts';
import { bpf } from '../../src/backends/kernel/attr.ts';
import { LoadedInKernel } from '../../src/backends/kernel/loaded.ts';
import { KernelSession } from '../../src/backends/kernel/session.ts';
import { createTable } from '../../src/backends/kernel/struct-ops.ts';
import { closeFd } from '../../src/backends/kernel/syscall.ts';
import { kernelTypes } from '../../src/backends/kernel/types.ts';
import { Judge, noKernel } from './judge.ts';
import { skipText, tooOldFor } from './needs.ts';

const PROG_RUN = join(import.meta.dir, '../../fixtures/prog-run');

function object(relative: string) {
  const path = join(PROG_RUN, relative);
  const bytes = new Uint8Array(readFileSync(path));
  const opened = openObject({ path, bytes }, { btf: kernelTypes() ?? new Uint8Array(0) });
  if (!opened.ok) throw new Error(opened.error.message);
  return { path, bytes, spec: opened.value };
}

const live = noKernel === null ? object('xdp-live/xdp-live.bpf.o') : null;
const operations = noKernel === null ? object('struct-ops/struct-ops.bpf.o') : null;
const noMaps = noKernel ?? tooOldFor(live!.spec, 'scripted');
const noTables = noKernel ?? tooOldFor(operations!.spec, 'first');

describe.skipIf(noMaps !== null)(`programs of entries${skipText(noMaps)}`, () => {
  const run = (presets: Readonly<Record<string, unknown>>) => {
    const session = new KernelSession();
    session.open(live!.path, live!.bytes);
    return session.run({
      ...{ object: live!.path, program: 'peer', opts: { data_in: new Uint8Array(64) } },
      presets: Object.entries(presets).map(([map, content]) => ({ map, content })),
    });
  };

  test.each([
    ['devices', { 1: { ifindex: 1, prog: 'egress' } }, 1],
    ['device_hash', { 1: { ifindex: 1, prog: 'egress' } }, 1],
    ['cpus', { 0: { qsize: 192, prog: 'on_cpu' } }, 192],
  ])('an entry of %s holds its number and the id of its program', (map, content, number) => {
    const { refusal, maps } = run({ [map]: content });
    expect(refusal).toBeNull();
    const { value } = maps.find(({ name }) => name === map)!.entries[0]!;
    const view = new DataView(value.buffer, value.byteOffset);
    expect(view.getUint32(0, true)).toBe(number);
    expect(view.getUint32(4, true)).toBeGreaterThan(0);
  });

  test.each([
    ['devices', { 1: { ifindex: 1, prog: 'peer' } }, ERRNO.EINVAL],
    ['devices', { 1: { ifindex: 1, prog: 'on_cpu' } }, ERRNO.EINVAL],
    // __cpu_map_entry_alloc gives NULL, whatever went wrong in it.
    ['cpus', { 0: { qsize: 192, prog: 'egress' } }, ERRNO.ENOMEM],
  ])('a program for something else is refused as an entry of %s: %j', async (map, content, errno) => {
    expect(run({ [map]: content }).refusal).toMatchObject({ errno });
    const judge = new Judge();
    await judge.open(live!.path, live!.bytes);
    const request = {
      object: live!.path,
      program: 'peer',
      presets: [{ map, content }],
      opts: { data_in: new Uint8Array(64) },
    };
    expect(await judge.mismatches(request)).toEqual([]);
    judge.close();
  });
});

describe.skipIf(noTables !== null)(`tables of operations${skipText(noTables)}`, () => {
  test('bpf_dummy_ops is made with the programs that stand in it', () => {
    const loaded = new LoadedInKernel(operations!.spec);
    expect(loaded.load({ program: 'first', type: 0, updates: [] })).toBeNull();
    loaded.close();
    const [table] = operations!.spec.struct_ops!;
    const btf = operations!.spec.btf!.raw;
    const btfFd = bpf('BTF_LOAD', { btf, btf_size: btf.length });
    const fd = createTable(table!, btfFd);
    const info = new Uint8Array(16);
    expect(bpf('OBJ_GET_INFO_BY_FD', { bpf_fd: fd as number, info_len: info.length, info })).toBe(0);
    expect(new DataView(info.buffer).getUint32(0, true)).toBe(MAP_TYPE.STRUCT_OPS);
    for (const one of [fd as number, btfFd]) closeFd(one);
  });

  test('operations that the kernel does not have are named', () => {
    const table = { name: 'mine', type: 'no_such_ops', section: '.struct_ops', members: [] };
    expect(createTable(table, 0)).toMatchObject({
      stage: 'load',
      message: 'table mine: the running kernel has no operations no_such_ops',
    });
  });
});
