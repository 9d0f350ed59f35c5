/** The context tables against what the kernel's verifier lets each program type load and store. */
import { expect, test } from 'bun:test';
import { type CtxStruct, ctxStructOf } from '../../../engine/uapi/contexts.ts';
import { PROG_TYPE, type ProgTypeName } from '../../../engine/uapi/prog-types.ts';
import { readTable } from '../../support/map-world.ts';

/** Offsets at which the table allows an access of `size` bytes. */
function allowed(struct: CtxStruct, size: number, store: boolean): number[] {
  const offsets: number[] = [];
  for (let at = 0; at + size <= struct.size; at += size) {
    const field = struct.fields.find(
      (one) => at >= one.offset && at + size <= one.offset + one.size * (one.count ?? 1),
    );
    if (field === undefined || !(store ? field.write !== 'no' : field.read)) continue;
    const widths = field.widths ?? 'narrow';
    const starts = (at - field.offset) % field.size === 0;
    const whole = size === field.size && starts;
    if (widths === 'any' || whole || (widths === 'narrow' && !store && size < field.size)) offsets.push(at);
    else if (widths === 'start' && starts && size < field.size) offsets.push(at);
  }
  return offsets;
}

const ROWS = readTable(new URL('./kernel-ctx-accesses.txt', import.meta.url));

test('there are rows for every type with a table', () => {
  const types = new Set(ROWS.map(([type]) => PROG_TYPE[type as ProgTypeName]));
  // A program on demand gets whatever bytes user space likes, 65535 at most: no row for each.
  const tables = Object.values(PROG_TYPE).filter((type) => ctxStructOf(type) !== null && type !== PROG_TYPE.SYSCALL);
  expect([...types].sort()).toEqual(tables.sort());
});

test.each(ROWS)('%s (attach type %s): %s of %s bytes', (type, attach, access, size, offsets) => {
  const struct = ctxStructOf(PROG_TYPE[type as ProgTypeName], Number(attach))!;
  const kernel = offsets === '-' ? [] : offsets!.split(',').map(Number);
  expect(allowed(struct, Number(size), access === 'store')).toEqual(kernel);
});

test('types without a struct here have none', () => {
  expect(ctxStructOf(PROG_TYPE.KPROBE)).toBeNull();
  expect(ctxStructOf(-1)).toBeNull();
});
