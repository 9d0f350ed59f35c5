/** What is no program is refused with the instruction, and nothing hostile makes the translator throw or write a broken module. */
import { describe, expect, test } from 'bun:test';
import { compileProgram } from '../../../engine/jit/compile.ts';
import { ctxStructOf } from '../../../engine/uapi/contexts.ts';
import { HELPERS } from '../../../engine/uapi/helper-protos.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import * as asm from '../../support/assembler.ts';
import { arrayFacts, jitInput } from '../../support/jit-world.ts';
import { seeded } from '../../support/map-world.ts';
import { randomProgram } from '../../support/random-program.ts';

const raw = (op: number, over: Partial<asm.Asm> = {}): asm.Asm => ({ op, ...over });

/** [program, instruction, words of the message] */
const REFUSED: [string, asm.Line[], number, RegExp][] = [
  ['no such opcode', [raw(0xff), asm.exit()], 0, /unknown opcode ff/],
  ['register 11', [raw(0xb7, { dst: 11 }), asm.exit()], 0, /R11 is invalid/],
  ['r10 written', [asm.mov(10, 1), asm.exit()], 0, /frame pointer/],
  ['r10 loaded', [asm.load(8, 10, 1, 0), asm.exit()], 0, /frame pointer/],
  ['r10 exchanged', [asm.atomic(8, 0xe1, 1, 0, 10), asm.exit()], 0, /frame pointer/],
  ['off the end', [asm.mov(0, 0)], 0, /not an exit/],
  ['a jump past the end', [raw(0x05, { off: 5 }), asm.exit()], 0, /out of range/],
  ['a jump before the start', [asm.mov(0, 0), raw(0x05, { off: -3 }), asm.exit()], 1, /out of range/],
  ['a jump into ldimm64', [raw(0x05, { off: 1 }), asm.imm64(0, 1, 1), asm.exit()], 0, /middle of ldimm64/],
  ['a call to nowhere', [raw(0x85, { src: 1, imm: 7 }), asm.exit()], 0, /invalid destination/],
  ['a call of the entry', [raw(0x85, { src: 1, imm: -1 }), asm.exit()], 0, /entry/],
  ['a helper that does not exist', [asm.helper(9999), asm.exit()], 0, /unknown#9999/],
  ['a map that does not exist', [asm.mapFd(1, 64), asm.exit()], 0, /no map/],
  ['map data past its end', [asm.mapValue(1, 128, 8), asm.exit()], 0, /map value/],
  ['an atomic of no kind', [asm.atomic(8, 0x77, 10, -8, 1), asm.exit()], 0, /atomic opcode/],
  ['an atomic byte', [asm.atomic(1, 0, 10, -8, 1), asm.exit()], 0, /atomic opcode/],
  ['a swap of 24 bits', [asm.endian('be', 1, 24), asm.exit()], 0, /BPF_END/],
  ['reserved fields of an add', [raw(0x07, { src: 1 }), asm.exit()], 0, /reserved/],
  ['LD_ABS without a packet', [asm.ldAbs(1, 0), asm.exit()], 0, /LD_\[ABS/],
];

describe('refusals', () => {
  for (const [name, lines, insn, message] of REFUSED) {
    test(name, () => {
      const map = (handle: number) => (handle === 128 ? arrayFacts({ handle, values: 0x400000 }) : undefined);
      const made = compileProgram(jitInput(asm.assemble(lines).insns, { map }));
      if (made.ok) throw new Error('it was accepted');
      expect(made.error).toMatchObject({ stage: 'load', errno: 22, where: { program: 'p', insn } });
      expect(made.error.message).toMatch(message);
    });
  }

  test('what only the kernel can run is unsupported, by name', () => {
    const casts = compileProgram(jitInput(asm.assemble([asm.aluX('mov', 1, 2, 1), asm.exit()]).insns));
    const kfunc = compileProgram(jitInput(asm.assemble([raw(0x85, { src: 2, imm: 9 }), asm.exit()]).insns));
    expect(casts.ok ? '' : casts.error.stage + casts.error.message).toMatch(/unsupported.*arenas/);
    expect(kfunc.ok ? '' : kfunc.error.stage + kfunc.error.message).toMatch(/unsupported.*kernel functions/);
  });

  test('programs of no bytes, odd bytes, or a million and one instructions', () => {
    for (const bytes of [0, 7, 12, 8 * 1_000_001]) {
      expect(compileProgram(jitInput(new Uint8Array(bytes))).ok).toBe(false);
    }
  });

  test('half a ldimm64', () => {
    const { insns } = asm.assemble([asm.exit(), asm.imm64(1, 2, 3)]);
    const made = compileProgram(jitInput(insns.slice(0, 16)));
    expect(made.ok ? '' : made.error.message).toMatch(/invalid bpf_ld_imm64/);
  });

  test('subprograms that are out of order, or outside', () => {
    const { insns } = asm.assemble([asm.exit(), asm.exit()]);
    for (const starts of [[1], [0, 0], [0, 2], [0, 9], [0, -1], [0, 0.5], []]) {
      const subprogs = starts.map((start) => ({ name: 'f', start }));
      expect(compileProgram(jitInput(insns, { subprogs })).ok).toBe(false);
    }
  });
});

const CTX = ctxStructOf(PROG_TYPE.SCHED_CLS);

/** Compiles hostile bytes: a refusal or a valid module, nothing else. */
function survives(insns: Uint8Array, subprogs: { name: string; start: number }[]): boolean {
  const made = compileProgram(
    jitInput(insns, { subprogs, ctx: CTX, ld_abs: true, helpers: HELPERS, map: () => FACTS }),
  );
  if (made.ok) expect(WebAssembly.validate(made.value.wasm as Uint8Array<ArrayBuffer>)).toBe(true);
  return made.ok;
}
const FACTS = arrayFacts({ handle: 64, values: 0x400000, dirty: 0x500000 });
const OPCODES = [
  0x07, 0x0f, 0xb7, 0xbf, 0x61, 0x79, 0x7b, 0x63, 0x62, 0xdb, 0x05, 0x15, 0x1d, 0x2d, 0x85, 0x8d, 0x95, 0x18, 0x20,
  0xe5,
];

describe('hostile programs', () => {
  test('random instructions', () => {
    let accepted = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const random = seeded(seed);
      const lines = Array.from({ length: 1 + random(12) }, () => raw(OPCODES[random(OPCODES.length)]!, fields(random)));
      if (survives(asm.assemble([...lines, asm.exit()]).insns, [{ name: 'p', start: 0 }])) accepted++;
    }
    expect(accepted).toBeGreaterThan(30);
  });

  test('good programs with bits flipped', () => {
    let accepted = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const random = seeded(seed);
      const { insns, subprogs } = randomProgram(random);
      for (let n = 1 + random(3); n > 0; n--) insns[random(insns.length)]! ^= 1 << random(8);
      if (survives(insns, subprogs)) accepted++;
    }
    expect(accepted).toBeGreaterThan(100);
  });
});

function fields(random: (below: number) => number): Partial<asm.Asm> {
  const imms = [0, 1, 4, 8, -1, 12, 181, 64, 0x41, 0xe1, 0xf1, 0x100, 131, 164];
  return {
    ...{ dst: random(11), src: random(3) === 0 ? random(11) : random(2), off: random(3) === 0 ? random(9) - 4 : 0 },
    ...{ imm: imms[random(imms.length)]!, hi: 0 },
  };
}
