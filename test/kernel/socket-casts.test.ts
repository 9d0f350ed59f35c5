/** Sockets cast to the kernel's own structs: engine and kernel see the same in them, where there is a kernel with its types. */
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import type { SocketSpec } from '../../engine/index.ts';
import type { RunReply, RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { KernelSession } from '../../src/backends/kernel/session.ts';
import { compareReplies } from '../../src/expect/compare-replies.ts';
import { runWithSockets } from '../support/kernel-sockets.ts';
import { noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const PATH = new URL('../../fixtures/prog-run/casts/casts.bpf.o', import.meta.url).pathname;
const VMLINUX = '/sys/kernel/btf/vmlinux';
const BYTES = new Uint8Array(readFileSync(PATH));
const TYPES = existsSync(VMLINUX) ? new Uint8Array(readFileSync(VMLINUX)) : undefined;
const SOCKETS: Readonly<Record<string, SocketSpec>> = {
  'TCP over IPv4': { protocol: 'tcp', local: '127.0.0.1:80' },
  'TCP over IPv6': { protocol: 'tcp', local: '[::1]:80' },
  'UDP over IPv4': { protocol: 'udp', local: '127.0.0.1:53' },
  'UDP over IPv6': { protocol: 'udp', local: '[::1]:53' },
};

function requestOf(program: string, socket: SocketSpec): RunRequest {
  const netns = { sockets: [{ ...socket, cookie: 9 }] };
  if (program === 'of_packet') return { object: PATH, program, presets: [], opts: { data_in: new Uint8Array(64) } };
  const presets = [{ map: 'sockets', content: { 0: 9 } }];
  return { object: PATH, program, presets, ctx: { family: 2, protocol: 6 }, opts: { netns } };
}

/** Words of .bss: which casts there are, and what was read. */
function wordsOf({ maps, refusal }: RunReply): number[] {
  if (refusal !== null) throw new Error(refusal.message);
  const value = maps.find(({ name }) => name === '.bss')?.entries[0]?.value ?? new Uint8Array(4);
  return [...new Uint32Array(value.slice().buffer)];
}

describe('sockets as the engine casts them, by the types of the object', () => {
  for (const [name, socket] of Object.entries(SOCKETS)) {
    test(name, async () => {
      const engine = new EngineBackend();
      await engine.open(PATH, BYTES);
      const words = wordsOf(await engine.run(requestOf('casts', socket)));
      const listens = socket.protocol === 'tcp';
      expect(words.includes(0x7fff_ffff)).toBe(listens);
      expect(words.includes(10)).toBe(listens || socket.local.startsWith('['));
      if (name === 'UDP over IPv4') expect(words.every((word) => word === 0)).toBe(true);
      await engine.close();
    });
  }
});

describe.skipIf(noKernel !== null)(`sockets cast by the kernel${skipText(noKernel)}`, () => {
  const kernel = noKernel === null ? new KernelSession() : null;
  afterAll(() => kernel?.close());
  for (const [name, socket] of Object.entries({ ...SOCKETS, 'of the packet': SOCKETS['TCP over IPv4']! })) {
    test(name, async () => {
      const request = requestOf(name === 'of the packet' ? 'of_packet' : 'casts', socket);
      const engine = new EngineBackend();
      await engine.open(PATH, BYTES, TYPES);
      kernel!.open(PATH, BYTES, TYPES);
      const ours = await engine.run(request);
      const theirs = runWithSockets(request, ['sockets'], (one) => kernel!.run(one));
      wordsOf(theirs);
      expect(compareReplies(ours, theirs)).toEqual([]);
      await engine.close();
    });
  }
});
