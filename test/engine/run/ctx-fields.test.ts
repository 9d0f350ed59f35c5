/** Contexts by field name: what is filled in, what is refused, and the way back. */
import { expect, test } from 'bun:test';
import { ctxFromFields, ctxToFields } from '../../../engine/run/ctx-fields.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { u32Bytes } from '../../support/map-world.ts';

const { XDP, SCHED_CLS, KPROBE } = PROG_TYPE;

function bytesFrom(type: number, fields: { readonly [field: string]: unknown }, length = 64): Uint8Array {
  const made = ctxFromFields(type, fields, length);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

test('an XDP packet ends at its length unless data_end says otherwise', () => {
  expect(bytesFrom(XDP, {})).toEqual(u32Bytes(0, 64, 0, 0, 0, 0));
  expect(bytesFrom(XDP, { data: 8, ingress_ifindex: '0x10' })).toEqual(u32Bytes(8, 64, 0, 16, 0, 0));
  expect(bytesFrom(XDP, { data_end: 14 })).toEqual(u32Bytes(0, 14, 0, 0, 0, 0));
});

test('__sk_buff takes arrays, 64-bit values and bigints', () => {
  const bytes = bytesFrom(SCHED_CLS, { mark: 7, cb: [1, '2'], tstamp: '0xffffffffffffffff', hwtstamp: 3n });
  expect(bytes.length).toBe(192);
  expect(ctxToFields(SCHED_CLS, bytes)).toMatchObject({
    ...{ mark: 7, cb: [1, 2, 0, 0, 0], tstamp: 0xffff_ffff_ffff_ffffn, hwtstamp: 3, len: 0, remote_ip6: [0, 0, 0, 0] },
  });
});

test('of a struct cut short the whole fields are shown', () => {
  expect(ctxToFields(XDP, u32Bytes(1, 2, 3).subarray(0, 11))).toEqual({ data: 1, data_end: 2 });
});

test.each([
  [XDP, { lenght: 1 }, 'xdp_md: no field lenght; it has data, data_end'],
  [XDP, { data: 1.5 }, 'data is 1.5, not a number'],
  [XDP, { data: {} }, 'data is {}, not a number'],
  [XDP, { data: undefined }, 'data is undefined, not a number'],
  [XDP, { data: '' }, 'data is "", not a number'],
  [XDP, { data: -1 }, 'data is -1, it has 32 bits'],
  [XDP, { data: 2 ** 32 }, 'data is 4294967296, it has 32 bits'],
  [SCHED_CLS, { tstamp: 2n ** 64n }, 'it has 64 bits'],
  [SCHED_CLS, { cb: 1 }, 'cb is an array of 5 numbers'],
  [SCHED_CLS, { cb: [1, 2, 3, 4, 5, 6] }, 'cb has 6 values, room for 5'],
  [SCHED_CLS, { __proto__x: 1 }, 'no field __proto__x'],
  [KPROBE, {}, 'not supported'],
])('refused: %p %p', (type, fields, message) => {
  const made = ctxFromFields(type, fields, 64);
  expect(made.ok ? '' : made.error.message).toContain(message);
});
