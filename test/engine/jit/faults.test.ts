/** Every kind of fault, with what it says: instruction, region, address, size, direction, registers. */
import { describe, expect, test } from 'bun:test';
import {
  CTX_BASE,
  FAULT,
  type FaultKind,
  PACKET_BASE,
  PRIV,
  REGION,
  type RegionKind,
  STACK_TOP,
} from '../../../engine/layout.ts';
import { ctxStructOf } from '../../../engine/uapi/contexts.ts';
import type { HelperProto } from '../../../engine/uapi/helper-protos.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import * as asm from '../../support/assembler.ts';
import { arrayFacts, JitWorld, jitInput } from '../../support/jit-world.ts';

const XDP = ctxStructOf(PROG_TYPE.XDP);
const TC = ctxStructOf(PROG_TYPE.SCHED_CLS);
const MAP = 0x100040;
const VALUES = 0x410000;
const MOVER: HelperProto = { id: 44, name: 'xdp_adjust_head', args: ['ctx', 'u32'], ret: 'i32', changesPacket: true };
const READER: HelperProto = { id: 9, name: 'reader', args: ['mem', 'size'], ret: 'i32' };
const LOOKUP: HelperProto = { id: 1, name: 'map_lookup_elem', args: ['map', 'map_key'], ret: 'map_or_value' };
const LOOP: HelperProto = { id: 181, name: 'loop', args: ['u32', 'func', 'ptr', 'u64'], ret: 'i32', inline: true };
const HELPERS = new Map([MOVER, READER, LOOKUP, LOOP].map((proto) => [proto.id, proto]));

interface Case {
  readonly name: string;
  readonly ctx?: typeof XDP;
  readonly lines: asm.Line[];
  readonly starts?: readonly string[];
  readonly kind: FaultKind;
  readonly region?: RegionKind;
  readonly size?: number;
  readonly address?: number;
  readonly write?: boolean;
  readonly map?: number;
  readonly readOnly?: boolean;
}

const DATA = PACKET_BASE + 256;
/** r2 = packet, r3 = its end. */
const PACKET = [asm.load(4, 2, 1, 0), asm.load(4, 3, 1, 4)];
const KEY_0 = [asm.storeImm(4, 10, -4, 0), asm.movX(2, 10), asm.alu('add', 2, -4), asm.mapFd(1, MAP), asm.helper(1)];
const at = asm.label('fault');

const CASES: Case[] = [
  {
    name: 'past the packet',
    ctx: XDP,
    lines: [...PACKET, at, asm.load(4, 0, 2, 61), asm.exit()],
    ...out(REGION.PACKET, 4, DATA + 61),
  },
  {
    name: 'before the packet',
    ctx: XDP,
    lines: [...PACKET, at, asm.load(1, 0, 2, -1), asm.exit()],
    ...out(REGION.PACKET, 1, DATA - 1),
  },
  {
    name: 'past what the check of data_end proved',
    ctx: XDP,
    lines: [
      ...PACKET,
      ...[asm.movX(4, 2), asm.alu('add', 4, 64), asm.mov(0, 0), asm.jmpX('jgt', 4, 3, 'end')],
      ...[asm.load(8, 0, 2, 56), at, asm.store(2, 2, 63, 0), asm.label('end'), asm.exit()],
    ],
    ...out(REGION.PACKET, 2, DATA + 63, true),
  },
  {
    name: 'an offset that wraps around 2^32',
    ctx: XDP,
    lines: [...PACKET, asm.imm64(4, 0, 1), asm.aluX('add', 2, 4), at, asm.load(1, 0, 2, 0), asm.exit()],
    ...{ kind: FAULT.OUT_OF_BOUNDS, region: REGION.PACKET, size: 1 },
  },
  { name: 'above the frame', lines: [at, asm.load(8, 0, 10, 0), asm.exit()], ...out(REGION.STACK, 8, STACK_TOP) },
  {
    name: 'below the frame',
    lines: [at, asm.storeImm(1, 10, -513, 1), asm.exit()],
    ...out(REGION.STACK, 1, STACK_TOP - 513, true),
  },
  {
    name: 'a variable offset out of the frame',
    lines: [asm.movX(3, 10), asm.aluX('add', 3, 2), at, asm.load(1, 0, 3, -32), asm.exit()],
    ...out(REGION.STACK, 1, STACK_TOP + 32),
  },
  {
    name: 'no region at all',
    lines: [asm.imm64(2, 0x12345678, 0), at, asm.load(4, 0, 2, 0), asm.exit()],
    ...out(REGION.NONE, 4, 0x12345678),
  },
  {
    name: 'a number of 64 bits',
    lines: [asm.imm64(2, 8, 1), at, asm.load(4, 0, 2, 0), asm.exit()],
    kind: FAULT.OUT_OF_BOUNDS,
  },
  {
    name: 'private memory',
    lines: [asm.mov(2, PRIV.PKT_END), at, asm.storeImm(4, 2, 0, -1), asm.exit()],
    kind: FAULT.NULL_POINTER,
    write: true,
  },
  {
    name: 'NULL',
    lines: [asm.mov(2, 0), at, asm.load(8, 0, 2, 16), asm.exit()],
    kind: FAULT.NULL_POINTER,
    address: 16,
    size: 8,
  },
  {
    name: 'an unchecked lookup',
    lines: [asm.storeImm(4, 10, -4, 9), ...KEY_0.slice(1), at, asm.load(8, 0, 0, 0), asm.exit()],
    ...{ kind: FAULT.NULL_POINTER, region: REGION.MAP_VALUE, map: MAP, address: 0 },
  },
  {
    name: 'past a map element',
    lines: [...KEY_0, asm.jmp('jeq', 0, 0, 'end'), at, asm.load(4, 0, 0, 6), asm.label('end'), asm.exit()],
    ...{ ...out(REGION.MAP_VALUE, 4, VALUES + 6), map: MAP },
  },
  {
    name: 'into the next map element',
    lines: [
      ...KEY_0,
      asm.jmp('jeq', 0, 0, 'end'),
      asm.load(8, 3, 0, 0),
      asm.alu('add', 3, 8),
      asm.aluX('add', 0, 3),
      at,
    ].concat(...[asm.load(1, 0, 0, 0), asm.label('end'), asm.exit()]),
    ...{ ...out(REGION.MAP_VALUE, 1, VALUES + 8), map: MAP },
  },
  {
    name: 'a packet pointer from before the packet moved',
    ctx: XDP,
    lines: [asm.movX(6, 1), asm.load(4, 7, 1, 0), asm.mov(2, 0), asm.helper(44), at, asm.load(1, 0, 7, 0), asm.exit()],
    ...{ kind: FAULT.STALE_PACKET, region: REGION.PACKET, address: DATA },
  },
  {
    name: 'a spilled packet pointer from before the packet moved',
    ctx: XDP,
    lines: [
      asm.load(4, 7, 1, 0),
      asm.store(8, 10, -8, 7),
      asm.mov(2, 0),
      asm.helper(44),
      asm.load(8, 3, 10, -8),
      at,
    ].concat(...[asm.load(1, 0, 3, 0), asm.exit()]),
    kind: FAULT.STALE_PACKET,
  },
  {
    name: 'a read-only map',
    readOnly: true,
    lines: [asm.mapValue(1, MAP, 0), at, asm.storeImm(4, 1, 0, 1), asm.exit()],
    ...{ kind: FAULT.READ_ONLY, region: REGION.MAP_VALUE, map: MAP, write: true },
  },
  {
    name: 'a misaligned atomic',
    lines: [at, asm.atomic(8, 0, 10, -12, 1), asm.exit()],
    kind: FAULT.MISALIGNED_ATOMIC,
    size: 8,
    write: true,
  },
  { name: 'an endless loop', lines: [at, asm.alu('add', 0, 1), asm.ja('fault')], kind: FAULT.BUDGET },
  {
    name: 'endless recursion',
    lines: [asm.label('main'), asm.call('f'), asm.exit(), asm.label('f'), at, asm.call('f'), asm.exit()],
    ...{ starts: ['main', 'f'], kind: FAULT.CALL_DEPTH },
  },
  {
    name: 'a call of a number',
    lines: [asm.mov(3, 5), at, asm.callX(3), asm.exit()],
    kind: FAULT.BAD_CALL_TARGET,
    address: 5,
  },
  {
    name: 'bpf_loop over a number',
    lines: [asm.mov(1, 5), asm.mov(2, 77), asm.mov(4, 0), at, asm.helper(181), asm.exit()],
    ...{ kind: FAULT.BAD_ARGUMENT, address: 77 },
  },
  {
    name: 'a helper argument of 64 bits',
    lines: [asm.imm64(1, 0, 5), asm.mov(2, 4), at, asm.helper(9), asm.exit()],
    kind: FAULT.BAD_ARGUMENT,
  },
  {
    name: 'a number in place of the context',
    ctx: XDP,
    lines: [asm.mov(1, 77), asm.mov(2, 0), at, asm.helper(44), asm.exit()],
    ...{ kind: FAULT.BAD_ARGUMENT, address: 77 },
  },
  {
    name: 'a helper that complains',
    lines: [asm.mov(1, 0), asm.mov(2, 4), at, asm.helper(9), asm.exit()],
    kind: FAULT.LOCK,
  },
  { name: 'a helper there is none of', lines: [at, asm.helper(99), asm.exit()], kind: FAULT.UNSUPPORTED },
  { name: 'a hole in the context', ctx: XDP, lines: [at, asm.load(4, 0, 1, 24), asm.exit()], ...ctx(4, 24) },
  { name: 'half a field', ctx: XDP, lines: [at, asm.load(2, 0, 1, 0), asm.exit()], ...ctx(2, 0) },
  {
    name: 'a store to a field that cannot be written',
    ctx: TC,
    lines: [at, asm.storeImm(4, 1, 0, 1), asm.exit()],
    ...ctx(4, 0, true),
  },
  {
    name: 'a store to the context through an unknown pointer',
    ctx: TC,
    lines: [asm.alu('mul', 1, 1), at, asm.storeImm(4, 1, 0, 1), asm.exit()],
    ...ctx(4, 0, true),
  },
  {
    name: 'half a field, through an unknown pointer',
    ctx: TC,
    lines: [asm.alu('mul', 1, 1), at, asm.storeImm(2, 1, 8, 1), asm.exit()],
    ...ctx(2, 8, true),
  },
  { name: 'an atomic in the context', ctx: TC, lines: [at, asm.atomic(4, 0, 1, 8, 2), asm.exit()], ...ctx(4, 8, true) },
  {
    name: 'an atomic in the context, through an unknown pointer',
    ctx: TC,
    lines: [asm.alu('mul', 1, 1), at, asm.atomic(4, 0, 1, 8, 2), asm.exit()],
    ...ctx(4, 8, true),
  },
];

function out(region: RegionKind, size: number, address: number, write = false) {
  return { kind: FAULT.OUT_OF_BOUNDS, region, size, address, write };
}

function ctx(size: number, off: number, write = false) {
  return { kind: FAULT.BAD_CTX_ACCESS, region: REGION.CTX, size, address: CTX_BASE + off, write };
}

function runCase(one: Case) {
  const world = new JitWorld();
  world.setCtx(new Uint8Array(64));
  world.setPacket(new Uint8Array(64));
  const values = { base: VALUES, len: 32, stride: 8, elem: 8, write: true, kind: REGION.MAP_VALUE, map: MAP };
  world.mem.alloc(0x20000, 65536);
  world.mem.addRegion(values);
  const { insns, labels } = asm.assemble(one.lines);
  const subprogs = (one.starts ?? ['']).map((name) => ({ name, start: labels.get(name) ?? 0 }));
  const facts = arrayFacts({ handle: MAP, values: VALUES, dirty: VALUES + 4096, read_only: one.readOnly === true });
  const input = jitInput(insns, {
    ...{ subprogs, ctx: one.ctx ?? null, helpers: HELPERS, unsupported: new Map([[99, 'bpf_x is not supported']]) },
    map: (handle) => (handle === MAP ? facts : undefined),
  });
  const imports = {
    xdp_adjust_head: () => 0,
    reader(): number {
      world.mem.u32[PRIV.FAULT_KIND >> 2] = FAULT.LOCK;
      return 0;
    },
    map_lookup_elem: () => 0,
  };
  return { run: world.run(world.load(input, imports), CTX_BASE, 64, 10_000), pc: labels.get('fault')! };
}

describe('faults', () => {
  for (const one of CASES) {
    test(one.name, () => {
      const { run, pc } = runCase(one);
      const { kind, region, size, address, write, map } = one;
      const said = { region, size, write, map, address: address === undefined ? undefined : BigInt(address) };
      const wanted = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
      expect(run.fault).toMatchObject({ kind, pc, prog: 7, ...wanted });
      expect(run.fault!.regs[10]! & 511n).toBe(0n);
    });
  }

  test('every kind that the translator itself finds is among them', () => {
    const elsewhere: readonly number[] = [FAULT.NONE, FAULT.CANCELLED];
    const kinds = Object.values(FAULT).filter((kind) => !elsewhere.includes(kind));
    expect(kinds.filter((kind) => !CASES.some((one) => one.kind === kind))).toEqual([]);
  });

  test('what stops a run by the budget is told by whoever refills it', () => {
    const world = new JitWorld();
    world.refill = () => FAULT.CANCELLED;
    const run = world.run(world.load(jitInput(asm.assemble([asm.label('a'), asm.ja('a')]).insns)), 0, 0, 100);
    expect(run.fault!.kind).toBe(FAULT.CANCELLED);
  });

  test('registers are those of the fault', () => {
    const lines = [asm.mov(0, 1), asm.mov(6, -2), asm.imm64(9, 3, 4), asm.mov(2, 9), asm.load(1, 0, 2, 0), asm.exit()];
    const world = new JitWorld();
    const { fault } = world.run(world.load(jitInput(asm.assemble(lines).insns)), 5);
    expect(fault!.regs).toEqual([1n, 5n, 9n, 0n, 0n, 0n, 2n ** 64n - 2n, 0n, 0n, (4n << 32n) | 3n, BigInt(STACK_TOP)]);
  });
});
