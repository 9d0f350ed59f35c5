/** Types, functions and variables by name in raw BTF, and what of them an object's externs mean. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { kernelSymbol, kernelType } from '../../../engine/object/kernel-types.ts';
import { openObject } from '../../../engine/object/open.ts';
import { buildBtf } from '../../support/btf-builder.ts';

const path = new URL('../../../fixtures/loader/kernel-functions.bpf.o', import.meta.url);
const opened = openObject({ path: 'kernel-functions.bpf.o', bytes: new Uint8Array(readFileSync(path)) });
if (!opened.ok) throw new Error(opened.error.message);
const own = opened.value.btf!;
/** Its declarations stand for a kernel's definitions. */
const KERNEL = own.raw;
/** A kernel that has nothing but int. */
const EMPTY = buildBtf([{ name: 'int', kind: 1, third: 4, words: [0x0100_0020] }]);

describe('an extern', () => {
  test.each([
    ['bpf_dynptr_from_skb', 'typed'],
    ['bpf_dynptr_size', 'typed'],
    // Without their flavours both are bpf_dynptr_size, which has one parameter.
    ['bpf_dynptr_size___now', 'typed'],
    ['bpf_dynptr_size___of_other_years', 'other'],
    ['bpf_prog_active', 'typed'],
    ['bpf_prog_alloc', 'untyped'],
    ['nobody_declared_it', 'nothing'],
  ])('%s is %s', (name, found) => {
    expect(kernelSymbol(own, name, KERNEL).found).toBe(found as 'typed');
  });

  test('of a kernel that does not have it', () => {
    expect(kernelSymbol(own, 'bpf_dynptr_size', EMPTY)).toEqual({ found: 'nothing' });
    expect(kernelSymbol(own, 'bpf_prog_active', EMPTY)).toEqual({ found: 'nothing' });
    expect(kernelSymbol(own, 'bpf_dynptr_size', new Uint8Array(7))).toEqual({ found: 'nothing' });
  });

  test('its id is that of the function without the flavour', () => {
    const plain = kernelSymbol(own, 'bpf_dynptr_size', KERNEL);
    expect(kernelSymbol(own, 'bpf_dynptr_size___now', KERNEL)).toEqual(plain);
  });
});

test('a struct has its size and the names of its members, what is not there has nothing', () => {
  const conn = kernelType(KERNEL, 'struct', 'bpf_ct_opts');
  expect(conn).toMatchObject({ size: 12, members: ['netns_id', 'error', 'l4proto', 'dir', 'reserved'] });
  expect(conn.id).toBeGreaterThan(0);
  expect(kernelType(KERNEL, 'struct', 'no_such_struct')).toEqual({ id: 0, size: 0, members: [] });
  expect(kernelType(new Uint8Array(3), 'func', 'f')).toEqual({ id: 0, size: 0, members: [] });
});
