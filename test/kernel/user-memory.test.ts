/** The caller's memory as programs read it, in the engine and, where there is one, in the kernel. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { address } from '../../src/backends/kernel/syscall.ts';
import { Judge, noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const PATH = new URL('../../fixtures/prog-run/user-memory/user-memory.bpf.o', import.meta.url).pathname;
const BYTES = new Uint8Array(readFileSync(PATH));
/** A page of this process, which the kernel reads at its address; the engine is told what stands there. */
const PAGE = new Uint8Array(4096);
PAGE.set(new TextEncoder().encode('abc'), 0);
PAGE.set(new TextEncoder().encode('longer than that'), 100);
const ADDRESS = BigInt(address(PAGE));

/** A program that reads from `from` on in the page. */
function requestOf(program: string, from: number): RunRequest {
  const user_memory = [{ address: ADDRESS, bytes: PAGE }];
  const opts = program === 'reads' ? { data_in: new Uint8Array(64), user_memory } : { user_memory };
  return { object: PATH, program, presets: [{ map: '.rodata', content: { address: ADDRESS + BigInt(from) } }], opts };
}

const PLACES = { 'a string': 0, 'a string that is cut': 100, zeros: 200 };

describe('in the engine', () => {
  test('what is described is read, the rest is EFAULT and zeros', async () => {
    const engine = new EngineBackend();
    await engine.open(PATH, BYTES);
    const reply = await engine.run(requestOf('reads', 0));
    const value = reply.maps.find(({ name }) => name === '.bss')!.entries[0]!.value;
    const text = new TextDecoder('latin1').decode(value);
    expect(text.split('abc')).toHaveLength(3);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const words = Array.from({ length: value.length / 8 }, (_, i) => view.getBigInt64(8 * i, true));
    expect(words.filter((word) => word === -14n)).toHaveLength(2);
    expect(words).toContain(4n);
    await engine.close();
  });
});

describe.skipIf(noKernel !== null)(`as the kernel reads it${skipText(noKernel)}`, () => {
  for (const program of ['reads', 'copies']) {
    test(program, async () => {
      const judge = new Judge();
      await judge.open(PATH, BYTES);
      for (const [name, from] of Object.entries(PLACES)) {
        expect([name, await judge.mismatches(requestOf(program, from))]).toEqual([name, []]);
      }
      judge.close();
    }, 30_000);
  }
});
