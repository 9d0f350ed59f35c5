/** Lookups in array kinds without a call, and what is known about the elements they find. */
import { describe, expect, test } from 'bun:test';
import type { MapFacts } from '../../../engine/jit/types.ts';
import { CHUNK_SHIFT, FAULT, MAP_AT, PRIV, REGION } from '../../../engine/layout.ts';
import type { HelperProto } from '../../../engine/uapi/helper-protos.ts';
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import * as asm from '../../support/assembler.ts';
import { arrayFacts, JitWorld, jitInput } from '../../support/jit-world.ts';

const LOOKUP: HelperProto = { id: 1, name: 'map_lookup_elem', args: ['map', 'map_key'], ret: 'map_or_value' };
const RESERVE: HelperProto = {
  id: 131,
  name: 'ringbuf_reserve',
  args: ['map', 'u64', 'u64'],
  ret: 'mem',
  memSizeArg: 1,
};
const SUBMIT: HelperProto = { id: 132, name: 'ringbuf_submit', args: ['ptr', 'u64'], ret: 'void' };
const HELPERS = new Map([LOOKUP, RESERVE, SUBMIT].map((proto) => [proto.id, proto]));
const MAP = 0x100040;
const INNER = 0x100080;

class LookupWorld {
  readonly jit = new JitWorld();
  readonly facts: MapFacts;

  constructor(over: Partial<MapFacts>, cpus = 1) {
    const shape = arrayFacts({ handle: MAP, stride: 16, value_size: 12, max_entries: 1000, ...over });
    const bytes = shape.max_entries * shape.stride * cpus;
    const values = this.jit.mem.alloc(bytes, 64);
    const dirty = this.jit.mem.alloc(bytes, 8);
    this.facts = { ...shape, values, dirty, cpu_stride: cpus > 1 ? shape.max_entries * shape.stride : 0 };
    const elem = { stride: shape.stride, elem: shape.value_size, write: true, kind: REGION.MAP_VALUE, map: MAP };
    this.jit.mem.addRegion({ base: values, len: bytes, ...elem });
  }

  /** Looks an index up, then does `lines`, with the address in r0. */
  find(index: number, lines: asm.Line[] = [], r1 = 0) {
    const program = [
      ...[asm.movX(6, 1), asm.storeImm(4, 10, -4, index), asm.movX(2, 10), asm.alu('add', 2, -4), asm.mapFd(1, MAP)],
      ...[asm.helper(1), ...lines, asm.exit()],
    ];
    const map = (handle: number) => (handle === MAP ? this.facts : undefined);
    const imports = { map_lookup_elem: () => 0, ringbuf_reserve: () => this.facts.values, ringbuf_submit: () => 0 };
    return this.jit.run(this.jit.load(jitInput(asm.assemble(program).insns, { map, helpers: HELPERS }), imports), r1);
  }

  address(index: number, cpu = 0): bigint {
    return BigInt(this.facts.values + cpu * this.facts.cpu_stride + index * this.facts.stride);
  }
}

describe('arrays', () => {
  test('the address of an element, NULL past the last', () => {
    const world = new LookupWorld({});
    expect(world.find(0).r0).toBe(world.address(0));
    expect(world.find(999).r0).toBe(world.address(999));
    expect(world.find(1000).r0).toBe(0n);
    expect(world.find(-1).r0).toBe(0n);
  });

  test('the chunk of a found element is marked, for reset to undo', () => {
    const world = new LookupWorld({});
    world.find(600);
    const marks = world.jit.mem.u8.subarray(world.facts.dirty, world.facts.dirty + 4);
    expect([...marks].map((mark, chunk) => mark * chunk)).toEqual([0, 0, (600 * 16) >> CHUNK_SHIFT, 0]);
    world.find(1000);
    expect([...marks]).toEqual([0, 0, 1, 0]);
  });

  test('per CPU: this CPU’s element', () => {
    const world = new LookupWorld({ type: MAP_TYPE.PERCPU_ARRAY }, 3);
    world.jit.mem.u32[PRIV.CPU >> 2] = 2;
    expect(world.find(7).r0).toBe(world.address(7, 2));
  });

  test('array of maps: the inner map, or NULL', () => {
    const world = new LookupWorld({ type: MAP_TYPE.ARRAY_OF_MAPS, stride: 8, value_size: 4 });
    world.jit.mem.u32[Number(world.address(3)) >> 2] = 0x100080;
    expect(world.find(3).r0).toBe(0x100080n);
    expect(world.find(4).r0).toBe(0n);
  });

  test('an element of an inner map: where its descriptor says, marked, this CPU’s', () => {
    for (const type of [MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]) {
      const inner = arrayFacts({ type, stride: 16, value_size: 12, max_entries: 0 });
      const world = new LookupWorld({ type: MAP_TYPE.ARRAY_OF_MAPS, stride: 8, value_size: 4, inner });
      const { u8, u32 } = world.jit.mem;
      const values = world.jit.mem.alloc(3 * 1600, 64);
      const dirty = world.jit.mem.alloc(8, 8);
      const words = { MAX_ENTRIES: 100, VALUES: values, STRIDE: 16, CPU_STRIDE: 1600, DIRTY: dirty };
      for (const [word, value] of Object.entries(words)) u32[(INNER + MAP_AT[word as keyof typeof words]) >> 2] = value;
      u32[Number(world.address(3)) >> 2] = INNER;
      u32[PRIV.CPU >> 2] = 2;
      const found = (index: number) =>
        world.find(3, [
          ...[asm.jmp('jeq', 0, 0, 'end'), asm.movX(1, 0), asm.storeImm(4, 10, -4, index), asm.movX(2, 10)],
          ...[asm.alu('add', 2, -4), asm.helper(1), asm.label('end')],
        ]).r0;
      const own = type === MAP_TYPE.ARRAY ? 0 : 2 * 1600;
      expect(found(7)).toBe(BigInt(values + own + 7 * 16));
      expect(u8[dirty + ((own + 7 * 16) >> CHUNK_SHIFT)]).toBe(1);
      expect(found(100)).toBe(0n);
      u32[Number(world.address(3)) >> 2] = 0;
      expect(found(7)).toBe(0n);
    }
  });

  test('a key out of the frame is a fault', () => {
    const world = new LookupWorld({});
    const lines = [asm.movX(2, 10), asm.mapFd(1, MAP), asm.helper(1)];
    expect(world.find(0, lines).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, region: REGION.STACK, pc: 10 });
  });
});

describe('elements', () => {
  const checked = (lines: asm.Line[]) => [asm.jmp('jeq', 0, 0, 'end'), ...lines, asm.label('end')];

  test('all of one may be read and written, nothing behind it', () => {
    const world = new LookupWorld({});
    expect(world.find(1, checked([asm.storeImm(4, 0, 8, 5), asm.load(4, 0, 0, 8)])).r0).toBe(5n);
    for (const [size, off] of [
      [4, 9],
      [8, 5],
      [1, 12],
      [1, -1],
    ] as const) {
      const { fault } = world.find(1, checked([asm.load(size, 0, 0, off)]));
      expect(fault).toMatchObject({
        kind: FAULT.OUT_OF_BOUNDS,
        region: REGION.MAP_VALUE,
        map: MAP,
        address: world.address(1) + BigInt(off),
      });
    }
  });

  test('a variable offset stays inside the element, also after a copy, a spill, a join', () => {
    const world = new LookupWorld({});
    const roads: asm.Line[][] = [
      [asm.aluX('add', 0, 6)],
      [asm.movX(7, 0), asm.aluX('add', 7, 6), asm.movX(0, 7)],
      [asm.movX(7, 6), asm.aluX('add', 7, 0), asm.movX(0, 7)],
      [asm.store(8, 10, -16, 0), asm.load(8, 7, 10, -16), asm.aluX('add', 7, 6), asm.movX(0, 7)],
      [
        asm.jmp('jset', 6, 1, 'odd'),
        asm.alu('add', 0, 1),
        asm.alu('sub', 0, 1),
        asm.label('odd'),
        asm.aluX('add', 0, 6),
      ],
    ];
    for (const road of roads) {
      const at = (off: number) => world.find(1, checked([...road, asm.load(1, 0, 0, 0)]), off);
      expect([at(0), at(11)].map((run) => run.fault)).toEqual([null, null]);
      for (const off of [12, 16, -16, 0x7fff_0000]) {
        expect(at(off >>> 0).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, region: REGION.MAP_VALUE });
      }
    }
  });

  test('a bounded index needs no check of its own, but NULL does', () => {
    const world = new LookupWorld({});
    const lines = [asm.alu('and', 6, 7), asm.aluX('add', 0, 6), asm.load(1, 0, 0, 4)];
    expect(world.find(1, checked(lines), 255).fault).toBeNull();
    expect(world.find(1000, lines, 255).fault).toMatchObject({ kind: FAULT.NULL_POINTER, address: 11n });
  });

  test('NULL in one register is NULL in its copies', () => {
    const world = new LookupWorld({});
    const lines = [asm.movX(7, 0), asm.store(8, 10, -16, 0), asm.jmp('jne', 7, 0, 'there'), asm.mov(0, 1), asm.exit()];
    expect(
      world.find(1, [...lines, asm.label('there'), asm.load(8, 8, 10, -16), asm.load(4, 0, 8, 0)]).fault,
    ).toBeNull();
    expect(world.find(1000, [...lines, asm.label('there'), asm.load(4, 0, 0, 0)]).r0).toBe(1n);
  });

  test('a record that was given back is checked like any address', () => {
    const world = new LookupWorld({ type: MAP_TYPE.RINGBUF });
    const lines = [
      ...[
        asm.mapFd(1, MAP),
        asm.mov(2, 24),
        asm.mov(3, 0),
        asm.helper(131),
        asm.jmp('jeq', 0, 0, 'end'),
        asm.movX(7, 0),
      ],
      ...[
        asm.storeImm(8, 7, 8, 1),
        asm.movX(1, 7),
        asm.mov(2, 0),
        asm.helper(132),
        asm.label('after'),
        asm.load(8, 0, 7, 8),
        asm.label('end'),
      ],
    ];
    // Reserved, bytes 8 to 15 are fine; given back, only the map's region row speaks, whose elements have 12.
    expect(world.find(0, lines).fault).toMatchObject({ kind: FAULT.OUT_OF_BOUNDS, size: 8 });
  });
});
