/** bpf_probe_read_kernel reads what is the program's own; any other address is -EFAULT and zeros, and no fault. */
import { expect, test } from 'bun:test';
import { PROBE_READ_HELPERS } from '../../../engine/helpers/probe-read.ts';
import { PRIV, STACK_TOP } from '../../../engine/layout.ts';
import { KEY, mapWorld, VALUE } from '../../support/map-world.ts';

const world = mapWorld();
const { probe_read_kernel, probe_read_kernel_str } = world.helpers(PROBE_READ_HELPERS);

function at(address: number, bytes: number): string {
  return Buffer.from(world.mem.u8.subarray(address, address + bytes)).toString('latin1');
}

test('own memory is copied', () => {
  world.mem.u8.set(Buffer.from('abcdef\0gh'), KEY);
  expect(probe_read_kernel!(VALUE, 6, KEY, 0)).toBe(0);
  expect(at(VALUE, 6)).toBe('abcdef');
  expect(probe_read_kernel_str!(VALUE, 16, KEY, 0)).toBe(7);
  expect(at(VALUE, 7)).toBe('abcdef\0');
  expect(probe_read_kernel_str!(VALUE, 4, KEY, 0)).toBe(4);
  expect(at(VALUE, 4)).toBe('abc\0');
});

test('addresses where nothing is give -EFAULT and zeros', () => {
  for (const [lo, hi] of [
    [0, 0],
    [KEY, 1],
    [0xdead_beef | 0, -1],
    [STACK_TOP - 2, 0],
  ] as const) {
    world.mem.u8.fill(0xa5, VALUE, VALUE + 5);
    expect(probe_read_kernel!(VALUE, 4, lo, hi)).toBe(-14);
    expect(at(VALUE, 5)).toBe('\0\0\0\0\xa5');
  }
  expect(world.mem.u32[PRIV.FAULT_KIND >> 2]).toBe(0);
});
