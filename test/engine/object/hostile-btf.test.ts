/** Types that contain themselves, repeat without end or contradict their size: every reader of BTF ends and stays inside the bytes. */
import { expect, test } from 'bun:test';
import { KIND, parseBtf } from '../../../engine/object/btf.ts';
import { typeAlign } from '../../../engine/object/btf-types.ts';
import {
  decodeBtf,
  encodeBtf,
  specialFields,
  typeMembers,
  typeName,
  typeSize,
} from '../../../engine/object/btf-values.ts';
import { typesMatch } from '../../../engine/object/core-compat.ts';
import { buildBtf, type RawType } from '../../support/btf-builder.ts';

const INT: RawType = { name: 'int', kind: KIND.INT, third: 4, words: [(1 << 24) | 32] };

/** Every reader on type `id`; what they say does not matter. */
function readAll(types: readonly RawType[], id: number): void {
  const btf = parseBtf(buildBtf(types));
  const bytes = new Uint8Array(64);
  decodeBtf(btf, id, bytes);
  typeName(btf, id);
  typeMembers(btf, id);
  typeSize(btf, id);
  typeAlign(btf, id);
  specialFields(btf, id);
  typesMatch(btf, id, btf, id);
  for (const value of [0, 'text', [1, 2], { a: 1 }, { nothing: 1 }, { hex: '00' }]) encodeBtf(btf, id, value, bytes);
}

test('structs in structs, wide and deep, named and anonymous', () => {
  for (const name of ['', 'a']) {
    const levels = 24;
    const types = [INT];
    for (let level = 0; level < levels; level++) {
      const type = level + 1;
      const members = Array.from({ length: 200 }, () => ({ name, type, offset: 0 }));
      types.push({ name: name && `s${level}`, kind: KIND.UNION, third: 4, members });
    }
    readAll(types, levels + 1);
  }
});

test('a struct in itself, by value and by typedef', () => {
  readAll([INT, { name: 's', kind: KIND.STRUCT, third: 4, members: [{ name: 'a', type: 2, offset: 0 }] }], 2);
  readAll([INT, { kind: KIND.STRUCT, third: 4, members: [{ name: '', type: 2, offset: 0 }] }], 2);
  readAll(
    [
      { name: 't', kind: KIND.TYPEDEF, third: 2 },
      { name: 'u', kind: KIND.TYPEDEF, third: 1 },
    ],
    1,
  );
  readAll([INT, { kind: KIND.ARRAY, third: 0, words: [2, 1, 1000] }], 2);
});

test('arrays of arrays of nearly everything', () => {
  const types = [INT];
  for (let i = 0; i < 20; i++) types.push({ kind: KIND.ARRAY, third: 0, words: [i + 1, 1, 0xffff_ffff] });
  readAll(types, 21);
  readAll(
    [
      { kind: KIND.STRUCT, third: 0 },
      { kind: KIND.ARRAY, third: 0, words: [1, 1, 0xffff_ffff] },
    ],
    2,
  );
});

test('prototypes that take themselves', () => {
  const words = Array.from({ length: 2 * 5000 }, (_, i) => (i % 2 === 0 ? 0 : 1));
  readAll(
    [
      { kind: KIND.PTR, third: 2 },
      { kind: KIND.FUNC_PROTO, third: 1, vlen: 5000, words },
    ],
    1,
  );
});

test('members outside of their struct', () => {
  const members = [
    { name: 'a', type: 1, offset: 4096 },
    { name: 'b', type: 1, offset: 13 },
    { name: 'c', type: 3, offset: 504 },
  ];
  const types = [
    INT,
    { name: 's', kind: KIND.STRUCT, third: 8, members },
    { kind: KIND.ARRAY, third: 0, words: [4, 1, 9] },
  ];
  types.push({ name: 'char', kind: KIND.INT, third: 1, words: [8] });
  readAll(types, 2);
  const btf = parseBtf(buildBtf(types));
  const done = encodeBtf(btf, 2, { c: 'text' }, new Uint8Array(8));
  expect(done.ok ? '' : done.error.message).toContain('behind the 8 bytes');
  expect(decodeBtf(btf, 2, new Uint8Array(8))).toMatchObject({ a: null });
});

test('names without an end', () => {
  const raw = buildBtf(Array.from({ length: 2000 }, () => ({ ...INT, name: 'x'.repeat(100_000) })));
  const btf = parseBtf(raw);
  for (let id = 1; id <= 2000; id++) expect(typeName(btf, id)).toHaveLength(4096);
});
