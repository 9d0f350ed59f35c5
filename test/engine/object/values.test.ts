/** Values of every BTF kind to bytes and back, what is kept, and how mistakes are named. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  datasecVars,
  decodeBtf,
  encodeBtf,
  specialFields,
  typeDeclaration,
  typeMembers,
  typeName,
} from '../../../engine/object/btf-values.ts';
import { openObject } from '../../../engine/object/open.ts';
import type { MapSpec } from '../../../engine/object/spec.ts';

const LOADER = new URL('../../../fixtures/loader/', import.meta.url);

function spec(name: string) {
  const path = `${name}.bpf.o`;
  const opened = openObject({ path, bytes: new Uint8Array(readFileSync(new URL(path, LOADER))) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

const object = spec('values');
const btf = object.btf!;
const map = (name: string): MapSpec => object.maps.find((m) => m.name === name)!;
const type = map('values').value_type_id;
const size = map('values').value_size;

function encoded(value: unknown, into = new Uint8Array(size)): Uint8Array {
  const done = encodeBtf(btf, type, value, into);
  if (!done.ok) throw new Error(done.error.message);
  return into;
}

function mistake(value: unknown): string {
  const done = encodeBtf(btf, type, value, new Uint8Array(size));
  return done.ok ? 'no mistake' : done.error.message;
}

const EVERYTHING = {
  x: 0xdeadbeef,
  small: -4,
  flag: true,
  state: 5,
  size: 0xfedcba9876543210n,
  plain: -1,
  whole: 0x200000001,
  low: 1,
  high: 2,
  three: 5,
  five: -7,
  forty: 0xff_ffff_ffff,
  pairs: [
    { a: 1, name: [97, 0, 0, 0, 0, 0, 0, 0] },
    { a: 65535, name: [97, 98, 99, 100, 101, 102, 103, 104] },
  ],
  mac: [2, 0, 0, 0, 0, 255],
  text: 0xffff888000000001n,
  call: 0,
  big: -9223372036854775808n,
  real: 1.5,
  grid: [
    [97, 98, 0],
    [0, 0, 99],
  ],
  giant: -170141183460469231731687303715884105728n,
};

describe('decode and encode', () => {
  test('what was decoded encodes to the same bytes', () => {
    const bytes = encoded(EVERYTHING);
    expect(decodeBtf(btf, type, bytes)).toEqual(EVERYTHING);
    expect(encoded(decodeBtf(btf, type, bytes))).toEqual(bytes);
  });

  test('every way to write a value', () => {
    const bytes = encoded({
      x: '0xdeadbeef',
      small: '-4',
      flag: 1,
      state: 'STATE_DOWN',
      size: 'SIZE_HUGE',
      plain: '0xffffffff',
      low: 1n,
      high: '2',
      three: 5,
      five: -7,
      forty: '0xffffffffff',
      pairs: { 0: { a: true, name: 'a' }, 1: { a: 65535, name: 'abcdefgh' } },
      mac: { hex: '02 00:00 00 00ff' },
      text: '0xffff888000000001',
      big: '-9223372036854775808',
      real: '1.5',
      grid: ['ab', { 2: 99 }],
      giant: -(1n << 127n),
    });
    expect(decodeBtf(btf, type, bytes)).toEqual(EVERYTHING);
  });

  test('what is not named keeps its bytes', () => {
    const bytes = new Uint8Array(size).fill(0xff);
    encoded({ three: 0, pairs: { 1: { a: 0 } }, mac: [1], high: 0 }, bytes);
    const zeros = [...bytes.keys()].filter((i) => bytes[i] === 0);
    const { offset } = typeMembers(btf, type).find((m) => m.name === 'pairs')!;
    expect(decodeBtf(btf, type, bytes)).toMatchObject({
      three: 0,
      five: -1,
      forty: 0xff_ffff_ffff,
      mac: [1, 255, 255, 255, 255, 255],
    });
    expect(zeros).toContain(offset + 10);
    expect(zeros).toHaveLength(2 + 4);
  });

  test('enums by name when asked', () => {
    const bytes = encoded({ state: -3, size: 1 });
    expect(decodeBtf(btf, type, bytes, { enum_names: true })).toMatchObject({ state: 'STATE_LOST', size: 1 });
  });

  test('raw bytes of the whole', () => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i);
    expect(encoded(bytes)).toEqual(bytes);
    expect(encoded({ hex: Buffer.from(bytes).toString('hex') })).toEqual(bytes);
  });

  test('bytes that end too early are null', () => {
    expect(decodeBtf(btf, type, new Uint8Array(6))).toMatchObject({
      x: 0,
      small: 0,
      flag: false,
      state: null,
      giant: null,
    });
  });
});

describe('mistakes name their path', () => {
  const table: [unknown, string][] = [
    [{ x: 4294967296 }, 'value.x: 4294967296 does not fit in __u32'],
    [{ x: -1 }, 'value.x: -1 does not fit in __u32'],
    [{ x: 1.5 }, 'value.x: 1.5 is no __u32'],
    [{ x: null }, 'value.x: null is no __u32'],
    [{ x: 'one' }, 'value.x: "one" is no __u32'],
    [{ small: 128 }, 'value.small: 128 does not fit in signed char'],
    [{ flag: 2 }, 'value.flag: 2 does not fit in _Bool'],
    [{ three: 8 }, 'value.three: 8 does not fit in unsigned int of 3 bits'],
    [{ five: 16 }, 'value.five: 16 does not fit in int of 5 bits'],
    [{ state: 'STATE_GONE' }, 'value.state: "STATE_GONE" is no value of enum state (STATE_UP, STATE_DOWN, STATE_LOST)'],
    [{ pairs: [{}, {}, {}] }, 'value.pairs[2]: there are only 2 elements'],
    [{ pairs: { 1: { a: 70000 } } }, 'value.pairs[1].a: 70000 does not fit in __u16'],
    [{ pairs: { first: {} } }, 'value.pairs: "first" is no index of struct pair[2]'],
    [{ pairs: { 0: { b: 1 } } }, 'value.pairs[0].b: struct pair has no such field (a, name)'],
    [{ pairs: { 0: { name: 'too long a name' } } }, 'value.pairs[0].name: a text of 15 bytes does not fit in char[8]'],
    [{ mac: { hex: '0' } }, 'value.mac: "0" is not pairs of hex digits'],
    [{ hex: '00' }, `value: 1 byte for struct everything, which has ${size}`],
    [7, 'value: 7 is no struct everything'],
    [null, 'value: null is no struct everything'],
  ];
  for (const [value, message] of table) test(message, () => expect(mistake(value)).toBe(message));

  test('too little room', () => {
    const done = encodeBtf(btf, type, {}, new Uint8Array(4), 'key');
    expect(done.ok ? '' : done.error.message).toBe(`key: struct everything has ${size} bytes, there is room for 4`);
  });
});

describe('data sections', () => {
  test('variables by name', () => {
    const { data, value_type_id } = map('.data');
    expect(datasecVars(btf, value_type_id)).toMatchObject([
      { name: 'visible', offset: 0, size: 4 },
      { name: 'pair', offset: 4, size: 10 },
    ]);
    const bytes = data!.slice();
    expect(encodeBtf(btf, value_type_id, { pair: { a: 9 } }, bytes).ok).toBe(true);
    expect(decodeBtf(btf, value_type_id, bytes)).toEqual({
      visible: 7,
      pair: { a: 9, name: [111, 110, 101, 0, 0, 0, 0, 0] },
    });
    const wrong = encodeBtf(btf, value_type_id, { visble: 1 }, bytes);
    expect(wrong.ok ? '' : wrong.error.message).toBe(
      'value.visble: there is no such variable in .data (visible, pair)',
    );
  });
});

describe('names of types', () => {
  test('as C spells them', () => {
    const names = typeMembers(btf, type).map((m) => typeDeclaration(btf, m.type_id, m.name));
    expect(names).toEqual([
      '__u32 x',
      'signed char small',
      '_Bool flag',
      'enum state state',
      'enum size size',
      'struct {…}',
      'unsigned int three',
      'int five',
      'unsigned long long forty',
      'struct pair pairs[2]',
      '__u8 mac[6]',
      'const char *text',
      'int (*call)(void *, int)',
      '__s64 big',
      'double real',
      'char grid[2][3]',
      '__int128 giant',
    ]);
    expect(typeName(btf, type)).toBe('struct everything');
    expect(typeName(btf, 0)).toBe('void');
  });

  test('fields that the kernel owns', () => {
    const shapes = spec('shapes');
    const owned = shapes.maps.find((m) => m.name === 'owned_values')!;
    expect(specialFields(shapes.btf!, owned.value_type_id)).toEqual([
      { kind: 'spin_lock', offset: 0, size: 4 },
      { kind: 'timer', offset: 8, size: 16 },
      { kind: 'timer', offset: 24, size: 16 },
      { kind: 'other', offset: 40, size: 8 },
    ]);
    expect(specialFields(btf, type)).toEqual([]);
  });
});
