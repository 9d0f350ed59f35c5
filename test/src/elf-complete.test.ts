/** Whole and half-written objects: every beginning of a real object is taken for unfinished, the whole one for whole. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { isWholeElf } from '../../src/elf-complete.ts';

const OBJECT = new Uint8Array(readFileSync('fixtures/objects/printk/printk.bpf.o'));

test('the whole file', () => {
  expect(isWholeElf(OBJECT)).toBe(true);
});

test('every beginning of it', () => {
  for (let size = 0; size < OBJECT.length; size += 7) {
    expect([size, isWholeElf(OBJECT.subarray(0, size))]).toEqual([size, false]);
  }
  expect(isWholeElf(OBJECT.subarray(0, OBJECT.length - 1))).toBe(false);
});

test('a file of its size but still without content', () => {
  expect(isWholeElf(new Uint8Array(OBJECT.length))).toBe(false);
});

test('text is whole: opening it says what it is', () => {
  expect(isWholeElf(new TextEncoder().encode('not an object'))).toBe(true);
});
