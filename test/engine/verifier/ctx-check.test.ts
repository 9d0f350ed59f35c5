/** Which programs are refused for how they use their context, and that those are not which the verifier would load. */
import { describe, expect, test } from 'bun:test';
import { compileProgram } from '../../../engine/jit/compile.ts';
import { decodeProgram } from '../../../engine/jit/decode.ts';
import { ctxStructOf } from '../../../engine/uapi/contexts.ts';
import { HELPERS } from '../../../engine/uapi/helper-protos.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { badCtxAccess } from '../../../engine/verifier/ctx-check.ts';
import * as asm from '../../support/assembler.ts';
import { arrayFacts, jitInput } from '../../support/jit-world.ts';

const RODATA = 128;
const MARK = 8;
const CB = 48;
const FAMILY = 88;
const LOOP = 181;
const LOAD_BYTES = 26;
const CPU_ID = 8;

/** What the verifier says of a tc program with these lines, whose .rodata begins with 1. */
function verdict(
  lines: readonly asm.Line[],
  starts: readonly string[] = [],
  globals: readonly number[] = [],
): string | null {
  const { insns, subprogs } = asm.functions([asm.label('main'), ...lines], ['main', ...starts]);
  const ctx = ctxStructOf(PROG_TYPE.SCHED_CLS)!;
  const facts = arrayFacts({ handle: RODATA, values: 0x40_0000, value_size: 8, max_entries: 1 });
  const map = (handle: number) => (handle === RODATA ? facts : undefined);
  const compiled = compileProgram(jitInput(insns, { subprogs, ctx, map }));
  if (!compiled.ok) throw new Error(compiled.error.message);
  const decoded = decodeProgram(insns, subprogs, 'p');
  if (!decoded.ok) throw new Error(decoded.error.message);
  const bad = badCtxAccess({
    ...{ d: decoded.value, ctx, suspects: compiled.value.ctx_suspects, map },
    frozen: () => Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0),
    helper: (id) => HELPERS.get(id),
    isGlobal: (k) => globals.includes(k),
  });
  return bad?.message ?? null;
}

/** Loads a field that tc programs may not load, through r6. */
const bad = asm.load(4, 0, 6, FAMILY);
const keep = asm.movX(6, 1);
const end = [asm.label('end'), asm.mov(0, 0), asm.exit()];
const mark = asm.load(4, 2, 6, MARK);
const FORBIDDEN =
  'invalid bpf_context access off=88 size=4: reads ctx->family, which programs of this type cannot read';

const REFUSED: [string, asm.Line[], string][] = [
  ['at once', [keep, bad, ...end], FORBIDDEN],
  ['behind a field that may be anything', [keep, mark, asm.jmp('jne', 2, 7, 'end'), bad, ...end], FORBIDDEN],
  [
    'where a jump leads',
    [keep, mark, asm.jmp('jgt', 2, 7, 'no'), asm.ja('end'), asm.label('no'), bad, ...end],
    FORBIDDEN,
  ],
  [
    'as constant data says',
    [keep, asm.mapValue(2, RODATA, 0), asm.load(4, 2, 2, 0), asm.jmp('jeq', 2, 0, 'end'), bad, ...end],
    FORBIDDEN,
  ],
  [
    'a sum that is what it says',
    [keep, asm.mov(2, 40), asm.alu('add', 2, 2), asm.jmp('jne', 2, 42, 'end'), bad, ...end],
    FORBIDDEN,
  ],
  ['through a pointer kept on the stack', [asm.store(8, 10, -8, 1), asm.load(8, 6, 10, -8), bad, ...end], FORBIDDEN],
  [
    'what a helper wrote may be anything',
    [
      ...[keep, asm.storeImm(8, 10, -8, 0), asm.mov(2, 0), asm.movX(3, 10), asm.alu('add', 3, -8), asm.mov(4, 8)],
      ...[asm.helper(LOAD_BYTES), asm.load(4, 2, 10, -8), asm.jmp('jeq', 2, 0, 'end'), bad, ...end],
    ],
    FORBIDDEN,
  ],
  [
    'the first one on the way',
    [keep, mark, asm.jmp('jeq', 2, 7, 'other'), asm.load(4, 0, 6, 92), asm.ja('end'), asm.label('other'), bad, ...end],
    'invalid bpf_context access off=92 size=4: reads ctx->remote_ip4, which programs of this type cannot read',
  ],
  [
    'a store',
    [asm.storeImm(4, 1, 68, 0), ...end],
    'invalid bpf_context access off=68 size=4: writes ctx->hash, which programs of this type cannot write',
  ],
  [
    'half a field',
    [asm.storeImm(2, 1, MARK, 0), ...end],
    'invalid bpf_context access off=8 size=2: writes ctx->mark, which has 4 bytes and is not accessed like that',
  ],
  [
    'padding',
    [asm.load(1, 0, 1, 182), ...end],
    'invalid bpf_context access off=182 size=1: struct __sk_buff has no field there',
  ],
  [
    'behind the end',
    [asm.load(4, 0, 1, 400), ...end],
    'invalid bpf_context access off=400 size=4: struct __sk_buff has no field there',
  ],
  [
    'before the start',
    [asm.load(4, 0, 1, -4), ...end],
    'invalid bpf_context access off=-4 size=4: struct __sk_buff has no field there',
  ],
  [
    'an address with its sign',
    [asm.loadSigned(4, 0, 1, 76), ...end],
    'invalid bpf_context access off=76 size=4: reads ctx->data, which is an address',
  ],
  [
    'an atomic',
    [asm.mov(2, 1), asm.atomic(4, 0, 1, CB, 2), ...end],
    'BPF_ATOMIC stores into R1 ctx is not allowed: writes ctx->cb',
  ],
  [
    'an atomic load',
    [asm.atomic(4, 0x100, 2, MARK, 1), ...end],
    'BPF_ATOMIC loads from R1 ctx is not allowed: reads ctx->mark',
  ],
  [
    'a pointer that was moved',
    [asm.alu('add', 1, 8), asm.load(4, 0, 1, 0), ...end],
    'dereference of modified ctx ptr R1 off=8 disallowed: reads ctx->mark',
  ],
];

const LOADED: [string, asm.Line[]][] = [
  ['forth and back', [asm.alu('add', 1, 8), asm.alu('add', 1, -8), asm.load(4, 0, 1, 0), ...end]],
  ['constants', [keep, asm.mov(2, 1), asm.jmp('jeq', 2, 1, 'end'), bad, ...end]],
  ['negative constants', [keep, asm.mov(2, -1), asm.jmp('jslt', 2, 0, 'end'), bad, ...end]],
  ['constant data', [keep, asm.mapValue(2, RODATA, 0), asm.load(1, 2, 2, 0), asm.jmp('jne', 2, 0, 'end'), bad, ...end]],
  ['what was compared before', [keep, mark, asm.jmp('jgt', 2, 7, 'end'), asm.jmp('jle', 2, 9, 'end'), bad, ...end]],
  [
    'what a copy was compared with',
    [keep, mark, asm.movX(3, 2), asm.jmp('jne', 3, 7, 'end'), asm.jmp('jeq', 2, 7, 'end'), bad, ...end],
  ],
  [
    'bits that are not there',
    [
      keep,
      mark,
      asm.alu('and', 2, 6),
      asm.jmp('jset', 2, 6, 'x'),
      asm.label('x'),
      asm.jmp('jne', 2, 1, 'end'),
      bad,
      ...end,
    ],
  ],
  [
    'signs of half numbers',
    [keep, asm.load(1, 2, 6, CB), asm.alu32('sub', 2, 2), asm.jmp32('jslt', 2, 256, 'end'), bad, ...end],
  ],
  [
    'a constant from the stack',
    [keep, asm.storeImm(8, 10, -8, 5), asm.load(2, 2, 10, -8), asm.jmp('jeq', 2, 5, 'end'), bad, ...end],
  ],
  [
    'a product, of which more is known than here',
    [keep, mark, asm.alu('mul', 2, 64), asm.jmp('jset', 2, 1, 'x'), ...end, asm.label('x'), bad, asm.ja('end')],
  ],
  [
    'the number of the CPU, which has a bound',
    [keep, asm.helper(CPU_ID), asm.jmp('jlt', 0, 1 << 20, 'end'), bad, ...end],
  ],
  [
    'the same check again',
    [
      ...[keep, asm.load(4, 2, 6, 76), asm.load(4, 3, 6, 80), asm.alu('add', 2, 14), asm.jmpX('jgt', 2, 3, 'end')],
      ...[asm.jmpX('jle', 2, 3, 'end'), bad, ...end],
    ],
  ],
  [
    'a loop that ends so',
    [
      ...[keep, asm.mov(2, 0), asm.label('loop'), asm.alu('add', 2, 3), asm.jmp('jlt', 2, 30, 'loop')],
      ...[asm.jmp('jeq', 2, 30, 'end'), bad, ...end],
    ],
  ],
];

describe('refused', () => {
  for (const [name, lines, message] of REFUSED) test(name, () => expect(verdict(lines)).toBe(message));
});

describe('loaded, as no path leads there', () => {
  for (const [name, lines] of LOADED) test(name, () => expect(verdict(lines)).toBeNull());
});

describe('functions', () => {
  const family = [asm.label('family'), asm.load(4, 0, 1, FAMILY), asm.exit()];
  const flagged = [
    asm.label('family'),
    asm.mov(0, 0),
    asm.jmp('jeq', 2, 0, 'out'),
    asm.load(4, 0, 1, FAMILY),
    asm.label('out'),
    asm.exit(),
  ];
  const callback = [asm.label('family'), asm.load(8, 1, 2, 0), asm.load(4, 0, 1, FAMILY), asm.mov(0, 0), asm.exit()];
  const calls = (flag: number) => [asm.mov(2, flag), asm.call('family'), ...end];
  const loops = (count: number) => [
    ...[asm.store(8, 10, -8, 1), asm.mov(1, count), asm.funcPtr(2, 'family'), asm.movX(3, 10), asm.alu('add', 3, -8)],
    ...[asm.mov(4, 0), asm.helper(LOOP), ...end],
  ];

  test('with the context', () => expect(verdict([...calls(0), ...family], ['family'])).toBe(FORBIDDEN));
  test('by what they are called with', () => {
    expect(verdict([...calls(0), ...flagged], ['family'])).toBeNull();
    expect(verdict([...calls(1), ...flagged], ['family'])).toBe(FORBIDDEN);
  });
  test('global ones whatever they are called with', () => {
    // What is passed beside the context may be anything, and is not known here.
    expect(verdict([...calls(0), ...family], ['family'], [1])).toBe(FORBIDDEN);
    expect(verdict([asm.exit(), ...family], ['family'], [1])).toBeNull();
  });
  test('callbacks that run at least once', () => {
    expect(verdict([...loops(3), ...callback], ['family'])).toBe(FORBIDDEN);
    expect(verdict([...loops(0), ...callback], ['family'])).toBeNull();
  });
  test('that never end are given up', () => {
    const spin = [
      keep,
      asm.mov(2, 8),
      asm.label('loop'),
      asm.alu('add', 2, 1),
      asm.jmp('jne', 2, 7, 'loop'),
      bad,
      ...end,
    ];
    expect(verdict(spin)).toBeNull();
  });
});
