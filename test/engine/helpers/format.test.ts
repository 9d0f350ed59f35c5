/** Formatted text against what bpf_snprintf and bpf_trace_vprintk wrote and returned on Linux 6.18. */
import { expect, test } from 'bun:test';
import { type ArgMemory, formatText } from '../../../engine/helpers/format.ts';

const MEMORY: Readonly<Record<number, readonly number[]>> = {
  256: [...Buffer.from('word\0tail')],
  512: [10, 0, 200, 1],
  768: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  1024: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4],
};
const [WORD, IP4, IP6, MAPPED] = [0x100, 0x200, 0x300, 0x400] as const;

const memory: ArgMemory = {
  read: (lo, hi, max) => (hi === 0 && MEMORY[lo] !== undefined ? Uint8Array.from(MEMORY[lo].slice(0, max)) : null),
};

function format(fmt: string, ...args: (number | bigint)[]): string | number {
  const words = new BigUint64Array(args.map((arg) => BigInt.asUintN(64, BigInt(arg))));
  const text = formatText(Uint8Array.from(Buffer.from(fmt)), new Uint32Array(words.buffer), memory);
  return typeof text === 'number' ? text : Buffer.from(text).toString('latin1');
}

const SHOWN: readonly (readonly [string, readonly (number | bigint)[], string])[] = [
  ['%d', [-5], '-5'],
  ['%i %u', [7, 0xffffffffffn], '7 4294967295'],
  ['%x %X', [0xabc, 0xabc], 'abc ABC'],
  ['%lx %llX', [0xabcdef0123n, 0xabcdef0123n], 'abcdef0123 ABCDEF0123'],
  ['%ld %lld', [-1, 1n << 63n], '-1 -9223372036854775808'],
  ['%lu %llu', [-1, -1], '18446744073709551615 18446744073709551615'],
  ['%5d|%-5d|%05d|%+d|% d', [42, 42, 42, 42, 42], '   42|42   |00042|+42| 42'],
  ['%08x %-08x|', [0xabc, 0xabc], '00000abc abc     |'],
  ['%+05d|%-+5d|', [42, 42], '+0042|+42  |'],
  ['% 5d|%0-5d|', [42, 42], '   42|42   |'],
  ['%20lld|', [-12345678901n], '        -12345678901|'],
  ['%00012d', [7], '000000000007'],
  ['%+x', [5], '5'],
  ['% x', [5], '5'],
  ['%s', [WORD], 'word'],
  ['%10s|', [WORD], '      word|'],
  ['%-10s|', [WORD], 'word      |'],
  ['%2s|', [WORD], 'word|'],
  ['%0s|', [WORD], 'word|'],
  ['%010s|', [WORD], '      word|'],
  ['%s.', [WORD], 'word.'],
  ['%s', [0], ''],
  ['%s', [12345], ''],
  ['%pks', [WORD], 'word'],
  ['%pus', [WORD], ''],
  ['%c%c', [0x78, 0x1ff], 'x\xff'],
  ['%3c|%-3c|', [0x78, 0x79], '  x|y  |'],
  ['%pI4', [IP4], '10.0.200.1'],
  ['%pi4', [IP4], '010.000.200.001'],
  ['%20pI4|', [IP4], '10.0.200.1|'],
  ['%-20pI4|', [IP4], '10.0.200.1|'],
  ['%pI4x', [IP4], '10.0.200.1x'],
  ['%pI6', [IP6], '2001:0db8:0000:0000:0000:0000:0000:0001'],
  ['%pi6', [IP6], '20010db8000000000000000000000001'],
  ['%pI6', [MAPPED], '0000:0000:0000:0000:0000:ffff:0102:0304'],
  ['%pI4 %pI6', [0, 0x10], '0.0.0.0 0000:0000:0000:0000:0000:0000:0000:0000'],
  ['%px', [0x1234abcd], '000000001234abcd'],
  ['%20px|', [0x12], '                  12|'],
  ['%-20px|', [0x12], '12                  |'],
  ['%p', [0], '0000000000000000'],
  ['%pK', [0], '0000000000000000'],
  ['%pB', [0], '0x0'],
  ['%pS %ps', [0, 0], '0x0 0x0'],
  ['100%% %d', [3], '100% 3'],
  ['%%%d%%', [3], '%3%'],
  ['%d%d', [1, 2, 3], '12'],
  ['tab\t nl\n %d', [1], 'tab\t nl\n 1'],
  ['é %d', [1], Buffer.from('é 1').toString('latin1')],
  ['plain', [], 'plain'],
  ['', [], ''],
];

for (const [fmt, args, text] of SHOWN) {
  test(`${JSON.stringify(fmt)} shows as ${JSON.stringify(text)}`, () => expect(format(fmt, ...args)).toBe(text));
}

const REFUSED = [
  ...[
    '%5%|%d',
    '%hd',
    '%zd',
    '%#x',
    '%.3d',
    '%*d',
    '%o',
    '%n',
    '%sx',
    '%pa',
    '%',
    '%l',
    '\x01%d',
    '%llllx',
    '%p4',
    '%7.',
  ],
];

for (const fmt of REFUSED) {
  test(`${JSON.stringify(fmt)} is refused`, () => expect(format(fmt, 1, 1)).toBe(-22));
}

test('more conversions than arguments are refused', () => expect(format('%d %d', 1)).toBe(-22));

test('a hashed pointer says which pointers are equal, and nothing else', () => {
  const hashed = String(format('%p.', 0x1234));
  expect(hashed).toMatch(/^00000000[0-9a-f]{8}\.$/);
  expect(format('%pK.', 0x1234)).toBe(hashed);
  expect(format('%p.', 0x1235)).not.toBe(hashed);
  expect(hashed).not.toContain('1234');
});

test('arguments share 512 bytes: long strings are cut, then there is no room', () => {
  const long: ArgMemory = { read: (_lo, _hi, max) => new Uint8Array(max).fill(0x61) };
  const one = formatText(Uint8Array.from(Buffer.from('%s')), Uint32Array.of(1, 0), long);
  expect(one).toBeArrayOfSize(511);
  expect(formatText(Uint8Array.from(Buffer.from('%s %d')), Uint32Array.of(1, 0, 5, 0), long)).toBe(-28);
});
