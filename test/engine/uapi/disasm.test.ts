/** Instructions as text, in the words of the kernel (compared with `bpftool prog dump xlated` on 6.18). */
import { expect, test } from 'bun:test';
import { disasmAt, disassemble } from '../../../engine/uapi/disasm.ts';
import * as asm from '../../support/assembler.ts';
import { seeded } from '../../support/map-world.ts';

const ROWS: readonly [asm.Asm, string][] = [
  [asm.mov(2, -65281), 'r2 = -65281'],
  [asm.alu32('mov', 2, 1879048192), 'w2 = 1879048192'],
  [asm.movX(1, 3), 'r1 = r3'],
  [asm.alu('add', 1, 14), 'r1 += 14'],
  [asm.alu('lsh', 4, 8), 'r4 <<= 8'],
  [asm.aluX('or', 4, 5), 'r4 |= r5'],
  [asm.alu32X('arsh', 4, 5), 'w4 s>>= w5'],
  [asm.alu('neg', 4, 0), 'r4 = -r4'],
  [asm.alu('div', 5, 7, 1), 'r5 s/= 7'],
  [asm.alu32('mod', 5, 9, 1), 'w5 s%= 9'],
  [asm.aluX('mov', 5, 5, 32), 'r5 = (s32)r5'],
  [asm.alu32X('mov', 5, 6, 8), 'w5 = (s8)w6'],
  [asm.endian('bswap', 4, 16), 'r4 = bswap16 r4'],
  [asm.endian('be', 1, 64), 'r1 = be64 r1'],
  [asm.endian('le', 1, 32), 'r1 = le32 r1'],
  [asm.imm64(3, 0, 1), 'r3 = 0x100000000'],
  [asm.imm64(3, 0, -65536), 'r3 = 0xffff000000000000'],
  [asm.load(8, 2, 1, 8), 'r2 = *(u64 *)(r1 +8)'],
  [asm.load(1, 5, 3, -12), 'r5 = *(u8 *)(r3 -12)'],
  [asm.loadSigned(2, 2, 4, 0), 'r2 = *(s16 *)(r4 +0)'],
  [asm.store(4, 2, 0, 3), '*(u32 *)(r2 +0) = r3'],
  [asm.storeImm(4, 10, -4, 5), '*(u32 *)(r10 -4) = 5'],
  [asm.ldAbs(1, 9), 'r0 = *(u8 *)skb[9]'],
  [asm.ldInd(2, 7, 4), 'r0 = *(u16 *)skb[r7 + 4]'],
  [asm.atomic(8, 0, 1, 0, 2), 'lock *(u64 *)(r1 +0) += r2'],
  [asm.atomic(4, 0xa0, 1, 0, 2), 'lock *(u32 *)(r1 +0) ^= r2'],
  [asm.atomic(8, 1, 1, 0, 3), 'r3 = atomic64_fetch_add((u64 *)(r1 +0), r3)'],
  [asm.atomic(4, 0x51, 1, 0, 3), 'r3 = atomic_fetch_and((u32 *)(r1 +0), r3)'],
  [asm.atomic(8, 0xe1, 1, 0, 3), 'r3 = atomic64_xchg((u64 *)(r1 +0), r3)'],
  [asm.atomic(4, 0xf1, 1, 0, 3), 'r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r3)'],
  [asm.atomic(8, 0x110, 1, 0, 3), 'store_release((u64 *)(r1 +0), r3)'],
  [{ ...asm.atomic(4, 0x100, 1, 8, 3), dst: 1, src: 3 }, 'r1 = load_acquire((u32 *)(r3 +8))'],
  [{ op: 0x05, off: -3 }, 'goto pc-3'],
  [{ op: 0x06, imm: 70000 }, 'gotol pc+70000'],
  [{ op: 0xe5, off: 2 }, 'may_goto pc+2'],
  [{ op: 0x15, dst: 3, off: 15, imm: 0xdd86 }, 'if r3 == 0xdd86 goto pc+15'],
  [{ op: 0x2d, dst: 1, src: 2, off: 72 }, 'if r1 > r2 goto pc+72'],
  [{ op: 0xd6, dst: 1, off: 2, imm: -1 }, 'if w1 s<= 0xffffffff goto pc+2'],
  [asm.helper(1), 'call bpf_map_lookup_elem#1'],
  [{ op: 0x85, src: 1, imm: 5 }, 'call pc+5'],
  [asm.callX(3), 'callx r3'],
  [asm.exit(), 'exit'],
];

for (const [line, text] of ROWS) test(text, () => expect(disasmAt(asm.assemble([line]).insns, 0)).toBe(text));

test('names of maps and functions stand in for numbers', () => {
  const { insns } = asm.assemble([asm.mapFd(1, 0), asm.mapValue(2, 0, 8), { op: 0x85, src: 1, imm: 5 }]);
  const names: Record<number, string> = { 0: 'ports', 2: '.bss', 4: 'parse' };
  const texts = disassemble(insns, (insn) => names[insn]).map((line) => line.text);
  expect(texts).toEqual(['r1 = map[ports]', 'r2 = map[.bss][0]+8', 'call parse']);
});

test('any bytes have a text', () => {
  const random = seeded(3);
  const bytes = Uint8Array.from({ length: 8 * 4000 }, () => random(256));
  for (const { text } of disassemble(bytes)) expect(text).toMatch(/\S/);
  expect(disasmAt(bytes, 4000)).toBe('');
  expect(disasmAt(new Uint8Array([0x18, 0, 0, 0, 0, 0, 0, 0]), 0)).toMatch(/unknown/);
});
