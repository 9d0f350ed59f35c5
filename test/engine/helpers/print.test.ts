/** The printing helpers against memory they may and may not read; what they returned on Linux 6.18. */
import { describe, expect, test } from 'bun:test';
import { PRINT_HELPERS } from '../../../engine/helpers/print.ts';
import { FAULT } from '../../../engine/layout.ts';
import { KEY, mapWorld, VALUE } from '../../support/map-world.ts';

const world = mapWorld();
const { trace_printk, trace_vprintk, snprintf } = world.helpers(PRINT_HELPERS);

function put(address: number, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  world.mem.u8.set(bytes, address);
  return bytes.length;
}

function lines(call: () => number): { rc: number; lines: string[] } {
  world.rc.printk = [];
  return { rc: call(), lines: world.rc.printk };
}

describe('bpf_trace_printk', () => {
  test('takes three arguments and returns the length', () => {
    const size = put(KEY, '%d %s %llx');
    put(VALUE, 'here');
    const seen = lines(() => trace_printk!(KEY, size, -3, -1, VALUE, 0, 0x1234, 1));
    expect(seen).toEqual({ rc: 17, lines: ['-3 here 100001234'] });
  });

  test('one newline at the end belongs to the line', () => {
    const size = put(KEY, 'text\n');
    expect(lines(() => trace_printk!(KEY, size, 0, 0, 0, 0, 0, 0))).toEqual({ rc: 5, lines: ['text'] });
  });

  test('a format without NUL in its size, or a bad one, prints nothing', () => {
    const size = put(KEY, 'text');
    expect(lines(() => trace_printk!(KEY, size - 1, 0, 0, 0, 0, 0, 0))).toEqual({ rc: -22, lines: [] });
    const bad = put(KEY, 'ok %d %q');
    expect(lines(() => trace_printk!(KEY, bad, 1, 0, 2, 0, 3, 0))).toEqual({ rc: -22, lines: [] });
  });

  test('a format outside of memory is a fault', () => {
    const before = world.faults.length;
    expect(trace_printk!(16, 4, 0, 0, 0, 0, 0, 0)).toBe(0);
    expect(world.faults.slice(before).map((fault) => fault.kind)).toEqual([FAULT.NULL_POINTER]);
  });

  test('hostile text stays as it is, decoded', () => {
    const size = put(KEY, '%s');
    put(VALUE, '\u001b[31m\u202e');
    expect(lines(() => trace_printk!(KEY, size, VALUE, 0, 0, 0, 0, 0)).lines).toEqual(['\u001b[31m\u202e']);
  });
});

describe('bpf_trace_vprintk', () => {
  test('takes up to 12 arguments from an array of u64', () => {
    const size = put(KEY, '%d %d %d %d %d');
    for (let i = 0; i < 5; i++) world.mem.dv.setBigUint64(VALUE + i * 8, BigInt(i + 1), true);
    expect(lines(() => trace_vprintk!(KEY, size, VALUE, 40))).toEqual({ rc: 9, lines: ['1 2 3 4 5'] });
    expect(trace_vprintk!(KEY, size, VALUE, 36)).toBe(-22);
    expect(trace_vprintk!(KEY, size, VALUE, 13 * 8)).toBe(-22);
    expect(trace_vprintk!(KEY, size, VALUE, 32)).toBe(-22);
  });

  test('the line has at most 1023 bytes, the result counts all', () => {
    const size = put(KEY, '%1500d');
    world.mem.dv.setBigUint64(VALUE, 7n, true);
    const seen = lines(() => trace_vprintk!(KEY, size, VALUE, 8));
    expect([seen.rc, seen.lines[0]?.length]).toEqual([1500, 1023]);
  });
});

describe('bpf_snprintf', () => {
  const TO = VALUE + 0x200;

  test('writes what fits and a NUL, returns what is needed', () => {
    put(KEY, '%s is long');
    const word = VALUE + 0x100;
    put(word, 'word');
    world.mem.dv.setBigUint64(VALUE, BigInt(word), true);
    world.mem.u8.fill(0xa5, TO, TO + 16);
    expect(snprintf!(TO, 4, KEY, VALUE, 8)).toBe(13);
    expect(Buffer.from(world.mem.u8.subarray(TO, TO + 6)).toString('latin1')).toBe('wor\0\xa5\xa5');
    expect(snprintf!(TO, 1, KEY, VALUE, 8)).toBe(13);
    expect(world.mem.u8[TO]).toBe(0);
    expect(snprintf!(TO, 32, KEY, VALUE, 8)).toBe(13);
    expect(snprintf!(TO, 32, KEY, 0, 8)).toBe(0);
    expect(world.faults.at(-1)?.kind).toBe(FAULT.NULL_POINTER);
  });
});
