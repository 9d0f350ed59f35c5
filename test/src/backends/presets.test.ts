/** Map content as users write it, against the fixture objects' own types. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { type ObjectSpec, openObject } from '../../../engine/index.ts';
import { presetUpdates } from '../../../src/backends/presets.ts';
import { toHex } from '../../../src/packet/hex.ts';
import { fixture } from '../../support/cli.ts';

function open(name: string): ObjectSpec {
  const opened = openObject({ path: name, bytes: new Uint8Array(readFileSync(fixture(name))) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** Each update as `path key=value`, or with the name in the value's place. */
function updates(spec: ObjectSpec, map: string, content: unknown, cpus = 1): string[] {
  return presetUpdates(spec, [{ map, content }], cpus).map(({ key, value, path }) => {
    const text = value.kind === 'bytes' ? toHex(value.bytes) : 'name' in value ? value.name : value.kind;
    return `${path} ${toHex(key)}=${text}`;
  });
}

const array = open('map-array');
const hash = open('map-hash');
const redirects = open('redirects');
const tails = open('tail-calls');
const nested = open('map-in-map');
const globals = open('globals');

describe('elements', () => {
  test('of arrays by index, as a list and as pairs', () => {
    const both = ['answers[0] 00000000=05000000', 'answers[2] 02000000=ffffffff'];
    expect(updates(array, 'answers', { 0: 5, 2: -1 })).toEqual(both);
    const pairs = [
      [0, 5],
      ['0x2', '-1'],
    ];
    expect(updates(array, 'answers', pairs).map((line) => line.replace('0x2', '2'))).toEqual(both);
    expect(updates(array, 'answers', [7])).toEqual(['answers[0] 00000000=07000000']);
  });

  test('null takes an entry out, where a map can be without it', () => {
    expect(updates(hash, 'recent', { 5: null, 6: 1 })).toEqual([
      'recent[5] 05000000=gone',
      'recent[6] 06000000=01000000',
    ]);
    expect(() => updates(array, 'answers', { 0: null })).toThrow('answers[0]: an array has all of its entries');
  });

  test('of hashes by struct, with fields left out as zero', () => {
    expect(updates(hash, 'flows', [[{ protocol: 6 }, 9n]])).toEqual([
      'flows[{"protocol":6}] 000000000000000006000000=0900000000000000',
    ]);
    expect(updates(hash, 'flows', [['hex:0102030405060708090a0b0c', { hex: '1100000000000000' }]])[0]).toEndWith(
      '0102030405060708090a0b0c=1100000000000000',
    );
  });

  test('percpu: one value for all, or one for each CPU', () => {
    const one = '01000000000000000000000000000000';
    const two = '02000000000000000000000000000000';
    expect(updates(array, 'totals', { 1: { packets: 1 } }, 2)).toEqual([`totals[1] 01000000=${one}${one}`]);
    expect(updates(array, 'totals', { 1: [{ packets: 1 }, { packets: 2 }] }, 2)).toEqual([
      `totals[1] 01000000=${one}${two}`,
    ]);
    expect(updates(hash, 'per_cpu', { 9: [1, 2] }, 2)).toEqual(['per_cpu[9] 0900=01000000000000000200000000000000']);
  });

  test('queues and stacks are pushed in order', () => {
    expect(updates(open('queue-stack'), 'queue', [1, 2])).toEqual(['queue[0] =01000000', 'queue[1] =02000000']);
  });

  test('prefixes of tries', () => {
    expect(updates(open('map-lpm'), 'v4_routes', { '10.0.0.0/8': 2 })).toEqual([
      'v4_routes[10.0.0.0/8] 080000000a000000=02000000',
    ]);
    expect(updates(open('map-lpm'), 'v4_routes', [[{ length: 8, address: 10 }, 2]])[0]).toEndWith(
      '080000000a000000=02000000',
    );
  });

  test('devices and CPUs by number or by field', () => {
    expect(updates(redirects, 'devices', { 1: 7 })).toEqual(['devices[1] 01000000=0700000000000000']);
    expect(updates(redirects, 'cpus', { 0: { qsize: 64 } })).toEqual(['cpus[0] 00000000=4000000000000000']);
    expect(updates(redirects, 'device_hash', { 70000: 3 })).toEqual(['device_hash[70000] 70110100=03000000']);
    const [update] = presetUpdates(redirects, [{ map: 'devices', content: { 1: { ifindex: 7, prog: 'to_cpu' } } }], 1);
    expect(update!.value).toMatchObject({ program: { name: 'to_cpu', offset: 4 } });
  });

  test('programs and inner maps by name, inner maps by content', () => {
    expect(updates(tails, 'jumps', { 3: 'tail_drop' })).toEqual(['jumps[3] 03000000=tail_drop']);
    expect(updates(nested, 'hash_outer', { 9: 'second' })).toEqual(['hash_outer[9] 09000000=second']);
    const [update] = presetUpdates(nested, [{ map: 'array_outer', content: { 1: { 2: 5 } } }], 1);
    expect(update!.value).toMatchObject({ kind: 'new-map', updates: [{ path: 'array_outer[1][2]' }] });
  });

  test('variables are written over what the object holds', () => {
    const [update] = presetUpdates(globals, [{ map: '.data', content: { step: -2 } }], 1);
    const hex = update!.value.kind === 'bytes' ? toHex(update!.value.bytes) : '';
    expect(hex).toContain('feffffff');
    expect(hex).toContain(toHex(new TextEncoder().encode('fixture')));
  });

  test('without BTF: integers by size, bytes, hex', () => {
    const legacy = open('legacy');
    expect(updates(legacy, 'hits', { 1: 258 })).toEqual(['hits[1] 01000000=0201000000000000']);
    expect(updates(legacy, 'names', [[[1, 2, 3, 4, 5, 6, 7, 8], '-1']])[0]).toEndWith('0102030405060708=ffffffff');
  });
});

describe('mistakes are one sentence that names map and place', () => {
  test.each([
    [array, 'totalz', {}, 'the object has no map totalz: did you mean totals?'],
    [array, 'answers', { 3: 1 }, 'answers[3]: the map has 3 entries, the last is [2]'],
    [array, 'answers', { x: 1 }, 'answers[x]: '],
    [array, 'answers', { 0: 'many' }, 'answers[0]: '],
    [array, 'answers', { 0: 2 ** 31 }, 'answers[0]: '],
    [array, 'answers', 5, 'answers: content is {key: value} or [[key, value], …], not 5'],
    [array, 'totals', { 1: [{}, {}] }, 'totals[1]: 2 values for 1 CPU'],
    [array, 'by_protocol', { 1: { packet: 1 } }, 'by_protocol[1]: '],
    [array, 'by_protocol', { 1: 'hex:00' }, 'by_protocol[1]: 1 bytes where 16 are needed'],
    [array, 'by_protocol', { 1: 'hex:0g' }, 'by_protocol[1]: hex: "g"'],
    [hash, 'flows', [[{}, 1], 5], 'flows: item 1 is no [key, value] pair'],
    [open('queue-stack'), 'queue', { 0: 1 }, 'queue: content of a queue is a list of values'],
    [open('ringbuf'), 'events', {}, 'events: a ringbuf map cannot be filled beforehand'],
    [tails, 'jumps', { 0: 'tail_drip' }, 'jumps[0]: the object has no program tail_drip: did you mean tail_drop?'],
    [tails, 'jumps', { 0: 7 }, 'jumps[0]: takes the name of a program of the object'],
    [nested, 'array_outer', { 1: 'third' }, 'array_outer[1]: the object has no map third'],
    [nested, 'array_outer', { 1: { 9: 1 } }, 'array_outer[1][9]: the map has 4 entries'],
    [redirects, 'devices', { 1: { index: 3 } }, 'devices[1]: has no field index: ifindex and prog'],
    [redirects, 'devices', { 1: -1 }, 'devices[1].ifindex: -1 is no number'],
    [redirects, 'device_hash', { 1: { ifindex: 1, prog: 'to_cpu' } }, 'device_hash[1]: values of 4 bytes have no room'],
    [globals, '.rodata', { treshold: 1 }, '.rodata: '],
    [globals, '.rodata', [1], '.rodata: content of a data section is {variable: value}'],
    [open('legacy'), 'hits', { 0: 'name' }, 'hits[0]: no type is known (compile with -g)'],
    [open('legacy'), 'names', [[300n << 64n, 1]], 'does not fit in 8 bytes'],
  ])('%#', (spec, map, content, sentence) => {
    expect(() => updates(spec as ObjectSpec, map as string, content)).toThrow(sentence as string);
  });
});
