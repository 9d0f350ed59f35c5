/** The kernel backend as its users have it: a child process that answers and stops when asked to. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRNO } from '../../engine/index.ts';
import type { RunRequest } from '../../src/backends/backend.ts';
import { KernelBackend } from '../../src/backends/kernel.ts';
import { noKernel } from './judge.ts';

const OBJECTS = join(import.meta.dir, '../../fixtures/objects');

function fixture(name: string): { readonly path: string; readonly bytes: Uint8Array } {
  const path = join(OBJECTS, name, `${name}.bpf.o`);
  return { path, bytes: new Uint8Array(readFileSync(path)) };
}

function ask(object: string, program: string, opts: RunRequest['opts'] = { data_in: new Uint8Array(64) }): RunRequest {
  return { object, program, presets: [], opts };
}

const FOREVER = { data_in: new Uint8Array(64), repeat: 0xffff_ffff };

describe.skipIf(noKernel !== null)(`kernel backend${noKernel === null ? '' : ` (skipped: ${noKernel})`}`, () => {
  test('opens, runs with fresh maps each time, prints', async () => {
    const kernel = new KernelBackend();
    const { path, bytes } = fixture('globals');
    expect((await kernel.open(path, bytes)).spec?.programs[0]?.name).toBe('use_globals');
    const contents: string[] = [];
    for (let i = 0; i < 2; i++) {
      const reply = await kernel.run(ask(path, 'use_globals'));
      expect(reply.refusal).toBeNull();
      expect(reply.result?.retval).toBe(2);
      const bss = reply.maps.find((map) => map.name === '.bss');
      contents.push(Buffer.from(bss?.entries[0]?.value ?? []).toString('hex'));
    }
    // `seen` counts runs: it would be 2 if the map had lived on.
    expect(contents[1]).toBe(contents[0] ?? 'nothing');
    expect(contents[0]).not.toBe('');
    const printk = fixture('printk');
    await kernel.open(printk.path, printk.bytes);
    const said = await kernel.run(ask(printk.path, 'say'));
    if (!said.unseen?.includes('printk')) expect(said.result?.printk[0]).toBe('length 64');
    await kernel.close();
  });

  test('says what the verifier says', async () => {
    const kernel = new KernelBackend();
    const path = join(OBJECTS, 'faults/packet-out-of-bounds.bpf.o');
    await kernel.open(path, new Uint8Array(readFileSync(path)));
    const spec = (await kernel.open(path, new Uint8Array(readFileSync(path)))).spec;
    const reply = await kernel.run(ask(path, spec?.programs[0]?.name ?? ''));
    expect(reply.result).toBeNull();
    expect(reply.refusal).toMatchObject({ stage: 'load', errno: ERRNO.EACCES });
    expect(reply.refusal?.message).toContain('the verifier refuses it: R1 offset is outside of the packet');
    expect(reply.refusal?.where.file).toContain('packet-out-of-bounds.bpf.c');
    expect(reply.log).toContain('invalid access to packet');
    await kernel.close();
  });

  test('says what is not there', async () => {
    const kernel = new KernelBackend();
    expect((await kernel.run(ask('nothing.o', 'p'))).refusal?.message).toBe('nothing.o is not open');
    const { path, bytes } = fixture('xdp-verdicts');
    await kernel.open(path, bytes);
    expect((await kernel.run(ask(path, 'verdict_pas'))).refusal?.message).toContain('verdict_pass');
    await kernel.close();
  });

  test('cancel ends a run that would last for hours with EINTR, and the next one runs', async () => {
    const kernel = new KernelBackend();
    const { path, bytes } = fixture('xdp-verdicts');
    await kernel.open(path, bytes);
    const running = kernel.run(ask(path, 'verdict_drop', FOREVER));
    await Bun.sleep(100);
    kernel.cancel();
    const { result } = await running;
    expect(result).toMatchObject({ errno: ERRNO.EINTR, retval: null, data_out: null });
    expect((await kernel.run(ask(path, 'verdict_drop'))).result?.retval).toBe(1);
    await kernel.close();
  }, 180_000);
});
