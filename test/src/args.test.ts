/** Numbers, flags and JSON as the command line takes them. */
import { describe, expect, test } from 'bun:test';
import { bigArg, countArg, listArg, parseInteger, parseTestFlags, textArg } from '../../src/args.ts';
import { parseJson, parseJsonObject } from '../../src/args-json.ts';

describe('numbers', () => {
  test.each([
    ['0', 0n],
    ['1500', 1500n],
    ['0x5dc', 1500n],
    ['1_000_000', 1000000n],
    ['18446744073709551615', 18446744073709551615n],
  ])('%s is read', (text, value) => expect(parseInteger(text)).toBe(value));

  test.each(['', '-1', '1.5', '1e3', '0x', 'ten', ' 1', '_1'])('%j is none', (text) =>
    expect(parseInteger(text)).toBeNull(),
  );

  test('bounds are named', () => {
    expect(countArg({ repeat: '4294967295' }, 'repeat', 0, 0xffffffff)).toBe(4294967295);
    expect(() => countArg({ repeat: '4294967296' }, 'repeat', 0, 0xffffffff)).toThrow(
      '--repeat is "4294967296": an integer from 0 to 4294967295',
    );
    expect(countArg({}, 'repeat', 0, 1)).toBeUndefined();
    expect(() => bigArg({ time: '18446744073709551616' }, 'time')).toThrow('2^64-1');
  });

  test('an option given twice is a mistake, a list is not', () => {
    expect(() => textArg({ seed: ['1', '2'] }, 'seed')).toThrow('--seed is given 2 times');
    expect(listArg({ map: ['a=1', 'b=2'] }, 'map')).toEqual(['a=1', 'b=2']);
    expect(listArg({}, 'map')).toEqual([]);
  });
});

describe('flags of BPF_PROG_RUN', () => {
  test.each([
    ['4', 4],
    ['0x2', 2],
    ['BPF_F_TEST_SKB_CHECKSUM_COMPLETE', 4],
    ['xdp_live_frames', 2],
    ['BPF_F_TEST_RUN_ON_CPU|BPF_F_TEST_XDP_LIVE_FRAMES', 3],
    ['0x80000000,4', 0x80000004],
  ])('%s', (text, flags) => expect(parseTestFlags(text, '--flags')).toBe(flags));

  test.each(['', 'BPF_F_TEST_NOTHING', '-1', '4294967296'])('%j is none', (text) =>
    expect(() => parseTestFlags(text, '--flags')).toThrow('--flags'),
  );
});

describe('JSON', () => {
  test('integers beyond 2^53 keep their digits', () => {
    expect(parseJson('{"a": 18446744073709551615, "b": [1, -9007199254740993], "c": 1.5}', 'x')).toEqual({
      a: '18446744073709551615',
      b: [1, '-9007199254740993'],
      c: 1.5,
    });
  });

  test('what is no JSON is one sentence', () => {
    expect(() => parseJson('{a', '--map m')).toThrow(/^--map m: not JSON: /);
    expect(() => parseJsonObject('[1]', '--ctx-in')).toThrow('--ctx-in: a JSON object');
  });
});
