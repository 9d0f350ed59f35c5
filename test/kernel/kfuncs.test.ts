/** Kernel functions that the engine has: it and the kernel answer the same, where there is a kernel; and who may not call them. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { loadObject, openObject, PROG_TYPE, type ProgRunOpts, progRun } from '../../engine/index.ts';
import { arp, counting, ethernet, ipv4, sized, tcp, udp } from '../support/frames.ts';
import { Judge, noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const PATH = new URL('../../fixtures/prog-run/kfuncs/kfuncs.bpf.o', import.meta.url).pathname;
const BYTES = new Uint8Array(readFileSync(PATH));
const UDP = ethernet(0x0800, ipv4(17, udp(4000, 53, counting(30))));
const INPUTS: Readonly<Record<string, ProgRunOpts>> = {
  udp: { data_in: UDP },
  arp: { data_in: ethernet(0x0806, arp()) },
  'three runs': { data_in: UDP, repeat: 3 },
  '1514 bytes': { data_in: sized(ethernet(0x0800, ipv4(6, tcp(1, 80, 0x10, counting(1460)))), 1514) },
};
/** Fragments, in the middle of what is looked at and behind it. */
const FRAGMENTS: typeof INPUTS = {
  '4000 bytes': { data_in: sized(UDP, 4000) },
  'all in fragments': { data_in: UDP, ctx_size_out: 24 },
};
const PROGRAMS: readonly (readonly [string, typeof INPUTS])[] = [
  ['of_skb', INPUTS],
  ['of_cgroup_skb', INPUTS],
  ['of_xdp', { ...INPUTS, ...FRAGMENTS }],
  ['counts', { udp: INPUTS.udp! }],
  ['connections', { udp: INPUTS.udp! }],
];

function load(types: { readonly [program: string]: number } = {}) {
  const opened = openObject({ path: PATH, bytes: BYTES });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, { types });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

test('every program runs in the engine', () => {
  const object = load();
  for (const [program, inputs] of PROGRAMS) {
    for (const [name, opts] of Object.entries(inputs)) {
      const done = progRun(object, program, opts);
      if (!done.ok) throw new Error(done.error.message);
      expect([program, name, done.value.fault]).toEqual([program, name, null]);
    }
  }
  object.release();
});

test('programs of other types may not call them: EACCES in the words of the verifier', () => {
  const object = load({ of_skb: PROG_TYPE.FLOW_DISSECTOR, of_xdp: PROG_TYPE.SCHED_CLS });
  for (const [program, kfunc] of [
    ['of_skb', 'bpf_dynptr_from_skb'],
    ['of_xdp', 'bpf_dynptr_from_xdp'],
  ] as const) {
    expect(object.program(program)).toMatchObject({ ok: false, error: { stage: 'load', errno: 13 } });
    const result = object.program(program);
    expect(result.ok ? '' : result.error.message).toContain(`calling kernel function ${kfunc} is not allowed`);
  }
  object.release();
});

describe.skipIf(noKernel !== null)(`kernel functions on the kernel${skipText(noKernel)}`, () => {
  for (const [program, inputs] of PROGRAMS) {
    test(program, async () => {
      const judge = new Judge();
      await judge.open(PATH, BYTES);
      for (const [name, opts] of Object.entries(inputs)) {
        const found = await judge.mismatches({ object: PATH, program, presets: [], opts });
        expect([name, found]).toEqual([name, []]);
      }
      judge.close();
    }, 60_000);
  }
});
