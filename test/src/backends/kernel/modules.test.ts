/** A module's types behind the kernel's: ids and names count on, and the whole reads as BTF of one piece. */
import { expect, test } from 'bun:test';
import { kernelType } from '../../../../engine/index.ts';
import { joinTypes } from '../../../../src/backends/kernel/modules.ts';
import { buildBtf, type RawType } from '../../../support/btf-builder.ts';

const INT: RawType = { name: 'int', kind: 1, third: 4, words: [0x0100_0020] };
const BASE: RawType[] = [INT, { name: 'of_kernel', kind: 4, third: 4, members: [{ name: 'a', type: 1, offset: 0 }] }];
const MODULE: RawType[] = [
  { name: 'of_module', kind: 4, third: 8, members: ['b', 'c'].map((name, i) => ({ name, type: 1, offset: 32 * i })) },
  { kind: 13, third: 1 },
  { name: 'module_function', kind: 12, third: 4, vlen: 0 },
];

/** What a module carries: types and strings without those of its base, behind a header of `header` bytes. */
function split(base: Uint8Array, whole: Uint8Array, header: number): Uint8Array {
  const word = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer).getUint32(at, true);
  const lengths = (bytes: Uint8Array) => [word(bytes, 12), word(bytes, 20)] as const;
  const [[types, strings], [allTypes, allStrings]] = [lengths(base), lengths(whole)];
  const ownTypes = whole.subarray(24 + types, 24 + allTypes);
  const ownStrings = whole.subarray(24 + allTypes + strings, 24 + allTypes + allStrings);
  const bytes = new Uint8Array(header + ownTypes.length + ownStrings.length);
  bytes.set(whole.subarray(0, 4));
  [header, 0, ownTypes.length, ownTypes.length, ownStrings.length].forEach((value, i) => {
    new DataView(bytes.buffer).setUint32(4 + 4 * i, value, true);
  });
  bytes.set(ownTypes, header);
  bytes.set(ownStrings, header + ownTypes.length);
  return bytes;
}

test.each([24, 32])('with a header of %d bytes', (header) => {
  const base = buildBtf(BASE);
  const whole = buildBtf([...BASE, ...MODULE]);
  const joined = joinTypes(base, split(base, whole, header));
  expect(joined).toEqual(whole);
  expect(kernelType(joined, 'struct', 'of_kernel')).toEqual({ id: 2, size: 4, members: ['a'] });
  expect(kernelType(joined, 'struct', 'of_module')).toEqual({ id: 3, size: 8, members: ['b', 'c'] });
  expect(kernelType(joined, 'func', 'module_function').id).toBe(5);
});
