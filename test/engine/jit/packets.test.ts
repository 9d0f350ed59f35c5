/** Contexts and packets: pointer fields, checks that are left out, stores by the fields' rules, LD_ABS. */
import { describe, expect, test } from 'bun:test';
import { compileProgram } from '../../../engine/jit/compile.ts';
import { CTX_BASE, FAULT, PACKET_BASE, PRIV, REGION } from '../../../engine/layout.ts';
import { ctxStructOf } from '../../../engine/uapi/contexts.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import * as asm from '../../support/assembler.ts';
import { JitWorld, jitInput } from '../../support/jit-world.ts';

const XDP = ctxStructOf(PROG_TYPE.XDP);
const TC = ctxStructOf(PROG_TYPE.SCHED_CLS);
const BYTES = Uint8Array.from({ length: 60 }, (_, i) => i + 1);
const PACKET = [asm.load(4, 2, 1, 0), asm.load(4, 3, 1, 4)];

function world(): JitWorld {
  const made = new JitWorld();
  made.setPacket(BYTES);
  made.setCtx(new Uint8Array(192));
  return made;
}

function runLines(lines: readonly asm.Line[], ctx = XDP, over = {}, w = world()) {
  return w.run(w.load(jitInput(asm.assemble(lines).insns, { ctx, ...over })), CTX_BASE);
}

describe('packet pointers', () => {
  test('bounds come from private memory, whatever the context shows', () => {
    const w = world();
    w.mem.u32[(CTX_BASE + 4) >> 2] = 0xffffffff;
    const lines = [...PACKET, asm.movX(0, 3), asm.aluX('sub', 0, 2), asm.exit()];
    expect(runLines(lines, XDP, {}, w).r0).toBe(60n);
  });

  test('metadata lies between data_meta and data', () => {
    const w = world();
    w.mem.u32[PRIV.PKT_META >> 2]! -= 8;
    w.mem.u8.set([9, 8, 7, 6, 5, 4, 3, 2], PACKET_BASE + 248);
    const read = (off: number) => runLines([asm.load(4, 2, 1, 8), asm.load(4, 0, 2, off), asm.exit()], XDP, {}, w);
    expect(read(4).r0).toBe(0x02030405n);
    expect(read(5).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, region: REGION.PACKET_META });
    expect(read(-1).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, region: REGION.PACKET_META });
  });

  test('a packet shorter than an access faults, an empty one too', () => {
    for (const length of [0, 1, 7]) {
      const w = new JitWorld();
      w.setCtx(new Uint8Array(24));
      w.setPacket(new Uint8Array(length));
      expect(runLines([...PACKET, asm.load(8, 0, 2, 0), asm.exit()], XDP, {}, w).fault!.region).toBe(REGION.PACKET);
    }
  });

  test('stores where programs of the type may only read are faults', () => {
    const lines = [...PACKET, asm.storeImm(1, 2, 0, 1), asm.exit()];
    expect(runLines(lines, XDP, { packet_read_only: true }).fault!.kind).toBe(FAULT.READ_ONLY);
    expect(runLines(lines).fault).toBeNull();
  });
});

/** Header, then a second one at a variable distance, each after a comparison with data_end. */
const PARSE = [
  ...[...PACKET, asm.mov(0, 1), asm.movX(4, 2), asm.alu('add', 4, 20), asm.jmpX('jgt', 4, 3, 'end')],
  ...[
    asm.load(1, 5, 2, 3),
    asm.alu('and', 5, 15),
    asm.alu('lsh', 5, 2),
    asm.aluX('add', 2, 5),
    asm.store(8, 10, -8, 2),
  ],
  ...[asm.movX(4, 2), asm.alu('add', 4, 8), asm.jmpX('jgt', 4, 3, 'end'), asm.load(8, 6, 10, -8)],
  ...[asm.load(2, 0, 2, 6), asm.load(4, 7, 6, 0), asm.aluX('add', 0, 7), asm.label('end'), asm.exit()],
];

function size(lines: readonly asm.Line[]): number {
  const made = compileProgram(jitInput(asm.assemble(lines).insns, { ctx: XDP }));
  return made.ok ? made.value.wasm.length : 0;
}

describe('checks that are left out', () => {
  test('a parser reads what its comparisons proved', () => {
    expect(runLines(PARSE).r0).toBe(BigInt(0x1817 + 0x14131211));
    const short = new JitWorld();
    short.setCtx(new Uint8Array(24));
    short.setPacket(BYTES.slice(0, 23));
    expect(runLines(PARSE, XDP, {}, short)).toMatchObject({ fault: null, r0: 1n });
  });

  test('its loads have no checks: without the comparisons the code is longer', () => {
    const without = PARSE.filter((line) => !('op' in line && line.op === 0x2d));
    expect(size(without)).toBeGreaterThan(size(PARSE) + 60);
  });

  test('an access that went well spares the next one its check', () => {
    const first = size([...PACKET, asm.load(8, 0, 2, 8), asm.exit()]);
    const second = size([...PACKET, asm.load(8, 0, 2, 8), asm.load(8, 0, 2, 0), asm.exit()]);
    expect(second - first).toBeLessThan(14);
  });

  test('a loop that walks the packet is checked where it must be', () => {
    const lines = [
      ...[...PACKET, asm.mov(0, 0), asm.label('l'), asm.movX(4, 2), asm.alu('add', 4, 1), asm.jmpX('jgt', 4, 3, 'end')],
      ...[asm.load(1, 5, 2, 0), asm.aluX('add', 0, 5), asm.movX(2, 4), asm.ja('l'), asm.label('end'), asm.exit()],
    ];
    expect(runLines(lines)).toMatchObject({ fault: null, r0: BigInt((60 * 61) / 2) });
  });

  test('what was proved for one pointer is not taken for the next round’s', () => {
    const lines = [
      ...[...PACKET, asm.mov(0, 0), asm.movX(4, 2), asm.alu('add', 4, 40), asm.jmpX('jgt', 4, 3, 'end')],
      ...[asm.mov(5, 0), asm.label('l'), asm.load(1, 0, 2, 39), asm.alu('add', 2, 7), asm.alu('add', 5, 1)],
      ...[asm.jmp('jlt', 5, 9, 'l'), asm.label('end'), asm.exit()],
    ];
    expect(runLines(lines).fault).toMatchObject({
      kind: FAULT.OUT_OF_BOUNDS,
      address: BigInt(PACKET_BASE + 256 + 21 + 39),
    });
  });

  test('a spilled pointer that was overwritten in part is a number', () => {
    const lines = [
      ...[...PACKET, asm.movX(4, 2), asm.alu('add', 4, 40), asm.jmpX('jgt', 4, 3, 'end'), asm.store(8, 10, -8, 2)],
      ...[asm.storeImm(4, 10, -8, 0x1234), asm.load(8, 2, 10, -8), asm.load(8, 0, 2, 0), asm.label('end'), asm.exit()],
    ];
    expect(runLines(lines).fault!.kind).toBe(FAULT.NULL_POINTER);
  });

  test('a spilled pointer that was overwritten through an unknown address is a number', () => {
    const lines = [
      ...[...PACKET, asm.movX(4, 2), asm.alu('add', 4, 40), asm.jmpX('jgt', 4, 3, 'end'), asm.store(8, 10, -8, 2)],
      ...[asm.movX(5, 10), asm.alu('mul', 5, 1), asm.imm64(6, 0x12345678, 0), asm.store(8, 5, -8, 6)],
      ...[asm.load(8, 2, 10, -8), asm.load(8, 0, 2, 0), asm.label('end'), asm.exit()],
    ];
    expect(runLines(lines).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, address: 0x12345678n });
  });
});

describe('stores into __sk_buff', () => {
  /** The word at `off` afterwards: the same whether the pointer is known to be the context or not. */
  const stored = (lines: asm.Line[], off: number) => {
    const words = [[], [asm.alu('mul', 1, 1)]].map((before) => {
      const w = world();
      w.mem.u32.fill(0x55555555, CTX_BASE >> 2, (CTX_BASE + 192) >> 2);
      expect(runLines([...before, ...lines, asm.exit()], TC, {}, w).fault).toBeNull();
      return w.mem.u32[(CTX_BASE + off) >> 2]!;
    });
    expect(words[0]).toBe(words[1]!);
    return words[0];
  };

  test('mark keeps 32 bits, tc_index 16', () => {
    expect(stored([asm.storeImm(4, 1, 8, 0x12345678)], 8)).toBe(0x12345678);
    expect(stored([asm.storeImm(4, 1, 44, 0x12345678)], 44)).toBe(0x5678);
  });

  test('cb takes bytes', () => {
    expect(stored([asm.storeImm(1, 1, 49, 0xab)], 48)).toBe(0x5555ab55);
  });

  test('queue_mapping ignores 0xffff and above', () => {
    expect(stored([asm.storeImm(4, 1, 12, 7)], 12)).toBe(7);
    expect(stored([asm.storeImm(4, 1, 12, 0xffff)], 12)).toBe(0x55555555);
    expect(stored([asm.imm64(2, 7, 1), asm.store(4, 1, 12, 2)], 12)).toBe(0x55555555);
  });

  test('the context pointer is known in subprograms', () => {
    const { insns, subprogs } = asm.functions(
      [asm.label('m'), asm.call('f'), asm.exit(), asm.label('f'), asm.storeImm(4, 1, 44, -1), asm.exit()],
      ['m', 'f'],
    );
    const w = world();
    expect(w.run(w.load(jitInput(insns, { subprogs, ctx: TC })), CTX_BASE).fault).toBeNull();
    expect(w.mem.u32[(CTX_BASE + 44) >> 2]).toBe(0xffff);
  });
});

describe('LD_ABS and LD_IND', () => {
  const SOCKET = ctxStructOf(PROG_TYPE.SOCKET_FILTER);
  const read = (line: asm.Asm, before: asm.Line[] = []) =>
    runLines([asm.movX(6, 1), ...before, asm.mov(0, 77), line, asm.alu('add', 0, 0), asm.exit()], SOCKET, {
      ld_abs: true,
    });

  test('network order', () => {
    expect(read(asm.ldAbs(1, 4)).r0).toBe(5n);
    expect(read(asm.ldAbs(2, 4)).r0).toBe(0x0506n);
    expect(read(asm.ldAbs(4, 4)).r0).toBe(0x05060708n);
    expect(read(asm.ldInd(2, 2, 3), [asm.mov(2, 1)]).r0).toBe(0x0506n);
  });

  test('past the end the program returns 0 there', () => {
    expect(read(asm.ldAbs(4, 56)).r0).toBe(0x393a3b3cn);
    expect(read(asm.ldAbs(4, 57))).toMatchObject({ r0: 0n, insns: 3 });
    expect(read(asm.ldInd(1, 2, 0), [asm.mov(2, -1)]).r0).toBe(0n);
  });

  test('negative offsets count from the headers, where there are any', () => {
    expect(read(asm.ldAbs(2, -0x100000 + 2)).r0).toBe(0n);
    const w = world();
    w.mem.u32[PRIV.SKB_NET >> 2] = PACKET_BASE + 256 + 14;
    w.mem.u32[PRIV.SKB_MAC >> 2] = PACKET_BASE + 256;
    const at = (off: number) =>
      runLines([asm.movX(6, 1), asm.ldAbs(2, off), asm.exit()], SOCKET, { ld_abs: true }, w).r0;
    expect([at(-0x100000 + 2), at(-0x200000 + 2), at(-0x200000 - 1), at(-0x1000)]).toEqual([0x1112n, 0x0304n, 0n, 0n]);
  });
});
