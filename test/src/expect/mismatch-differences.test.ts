/** Where engine and kernel differ, by name: values of maps by BTF, packets by header field, contexts by field, verdicts. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { loadObject, openObject, PROG_TYPE } from '../../../engine/index.ts';
import type { Mismatch } from '../../../src/backends/backend.ts';
import { mismatchDifferences } from '../../../src/expect/mismatch-differences.ts';
import { sidesOf } from '../../../src/expect/mismatch-words.ts';
import { toHex } from '../../../src/packet/hex.ts';
import { fixture } from '../../support/cli.ts';
import { ethernet, ipv4, udp } from '../../support/frames.ts';

const path = fixture('map-array');
const opened = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
if (!opened.ok) throw new Error(opened.error.message);
const spec = opened.value;
const loaded = loadObject(spec, { cpus: 2 });
if (!loaded.ok) throw new Error(loaded.error.message);
const maps = loaded.value.dumpMaps();
loaded.value.release();

function told(field: string, kernel: unknown, engine: unknown, label = ''): string[] {
  const named = maps.map((dump) => (label === '' ? dump : { ...dump, name: `${label}#${dump.name}` }));
  const scope = { world: [{ label, spec }], type: PROG_TYPE.XDP, maps: named };
  const mismatch: Mismatch = { field, kernel, engine };
  return mismatchDifferences([mismatch], scope).map((d) => `${d.field} ${d.at}: ${d.expected} / ${d.received}`);
}

const counter = (packets: number, bytes: number) =>
  toHex(new Uint8Array(new BigUint64Array([BigInt(packets), BigInt(bytes)]).buffer));

test.each([
  [
    'a field of a map',
    'maps.by_protocol[11000000]',
    counter(3, 60),
    counter(3, 61),
    ['by_protocol[17].bytes: 60 / 61'],
  ],
  [
    ...(['an element of an array that only one side lists', 'maps.by_protocol[01000000]'] as const),
    ...([counter(1, 9), null, ['by_protocol[1].packets: 1 / 0', 'by_protocol[1].bytes: 9 / 0']] as const),
  ],
  [
    ...(['one of the CPUs', 'maps.totals[02000000]'] as const),
    ...([counter(1, 1) + counter(2, 2), counter(1, 1) + counter(2, 3), ['totals[2][1].bytes: 2 / 3']] as const),
  ],
  ['what no map is', 'maps.other', null, 'present', ['maps.other: nothing / present']],
  ['a verdict', 'retval', 2, 1, ['retval: XDP_PASS (2) / XDP_DROP (1)']],
  ['an errno', 'errno', 22, 0, ['errno: EINVAL (22) / no errno']],
  ['a run that one side did not make', 'refusal', 'R1 !read_ok', null, ['refusal: R1 !read_ok / nothing']],
  ['a line', 'printk[1]', 'a', 'b', ['printk[1]: a / b']],
] as const)('%s', (_what, field, kernel, engine, lines) => {
  expect(told(field, kernel, engine)).toEqual(lines.map((line) => `mismatch ${line}`));
  expect(told(`step 2: ${field}`, kernel, engine)).toEqual(lines.map((line) => `mismatch step 2: ${line}`));
});

test('a packet by header field, a context by field', () => {
  const frame = (ttl: number) => toHex(ethernet(0x0800, ipv4(17, udp(1, 2), { ttl })));
  expect(told('data_out', frame(64), frame(63))[0]).toBe('mismatch data_out ipv4.ttl: 64 / 63');
  expect(told('data_out', frame(64), null)[0]).toEndWith(' / nothing');
  const context = (queue: number) => toHex(new Uint8Array(new Uint32Array([0, 64, 0, 1, queue, 0]).buffer));
  expect(told('ctx_out', context(5), context(6))).toEqual(['mismatch ctx_out.rx_queue_index: 5 / 6']);
});

test('a map of a further object', () => {
  expect(told('maps.b.o#by_protocol[11000000]', counter(1, 1), counter(2, 1), 'b.o')).toEqual([
    'mismatch b.o#by_protocol[17].packets: 1 / 2',
  ]);
});

test('its sides are kernel and engine, those of others expected and received', () => {
  expect(sidesOf({ field: 'mismatch' })).toEqual(['kernel', 'engine']);
  expect(sidesOf({ field: 'retval' })).toEqual(['expected', 'received']);
});
