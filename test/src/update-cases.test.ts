/** New expected values: literals are rewritten where they stand, everything else is named with its line and why. */
import { expect, test } from 'bun:test';
import type { Difference } from '../../src/outcome.ts';
import { planUpdates } from '../../src/update-cases.ts';
import { outcomeOf, settled } from '../support/settled.ts';

const FILE = '/p/test/lb.case.ts';
const SOURCE = `suite({ expect: { retval: 'XDP_PASS' } }, [
  { name: 'one', expect: { retval: 'XDP_TX', errno: 0, data_out: { 'ipv4.ttl': 63, 'ipv4.saddr': ip } } },
  {
    name: 'two',
    expect: { retval: 3, maps: { counters: { 7: { packets: 1n } }, '.bss': { seen: 1 }, ring: [[1, 2]] }, printk: ['a', 'b'] },
  },
  { name: 'three', expect: {} },
  {
    name: 'four',
    expect: { retval: 'XDP_DROP' },
    steps: [{ expect: { maps: { m: { 0: 1 } } } }, { expect: { maps: { m: { 0: 2 } } } }],
  },
]);
test.each([1])('each %d', () => ({ expect: { retval: 1 } }));
`;

const difference = (field: string, at: string, received: string): Difference => ({ field, at, expected: '', received });

function plan(name: string, line: number, differences: Difference[], more = {}) {
  const one = settled(name, { file: FILE, line });
  return planUpdates([[one, outcomeOf(one, 'fail', { differences, ...more })]], () => SOURCE);
}

test('verdicts by name or number, header fields, errnos', () => {
  const { files, updates, by_hand } = plan('one', 2, [
    difference('retval', '', 'XDP_DROP (1)'),
    difference('errno', '', 'EINVAL (22)'),
    difference('data_out', 'ipv4.ttl', '62'),
    difference('data_out', 'ipv4.saddr', '10.0.0.1'),
  ]);
  expect(files.get(FILE)).toBe(
    SOURCE.replace("'XDP_TX'", "'XDP_DROP'").replace('errno: 0', 'errno: 22').replace('63', '62'),
  );
  expect(updates[0]).toMatchObject({ file: FILE, line: 2, name: 'one' });
  expect(updates[0]?.before).toContain("retval: 'XDP_TX', errno: 0");
  expect(updates[0]?.after).toContain("retval: 'XDP_DROP', errno: 0");
  expect(by_hand).toEqual([
    {
      ...{ file: FILE, line: 2, name: 'one', what: 'data_out ipv4.saddr: 10.0.0.1' },
      why: 'it is computed, or an object or list',
    },
  ]);
});

test('map entries, variables, lines', () => {
  const { files, by_hand } = plan('two', 4, [
    difference('retval', '', 'XDP_DROP (1)'),
    difference('maps', 'counters[7].packets', '18446744073709551615'),
    difference('maps', '.bss.seen', '2'),
    difference('maps', 'ring[1]', '3'),
    difference('printk', 'line 2', "it's"),
    difference('printk', 'line 3', 'more'),
  ]);
  const expected = SOURCE.replace('retval: 3', 'retval: 1').replace('1n', '18446744073709551615n');
  expect(files.get(FILE)).toBe(expected.replace('seen: 1', 'seen: 2').replace("'b'", "'it\\'s'"));
  expect(by_hand.map((one) => one.what)).toEqual(['maps ring[1]: 3', 'printk line 3: more']);
});

test('steps: their own values only; those of the case are every step’s', () => {
  const step = { step: { number: 2, of: 2, name: '' } };
  const { files, by_hand } = plan(
    'four',
    9,
    [difference('maps', 'm[0]', '5'), difference('retval', '', 'XDP_TX (3)')],
    step,
  );
  expect(files.get(FILE)).toBe(SOURCE.replace('m: { 0: 2 }', 'm: { 0: 5 }'));
  expect(by_hand[0]?.why).toBe('it holds for every step of the case');
});

test('what is shared, made by a function, or no data of its own stays, and is named', () => {
  expect(plan('three', 7, [difference('retval', '', 'XDP_TX (3)')]).by_hand[0]?.why).toContain('shared by a suite');
  expect(plan('each 1', 14, [difference('retval', '', 'XDP_TX (3)')]).by_hand[0]?.why).toContain('not written there');
  const absent = plan('two', 4, [difference('maps', '.bss.seen', '(absent)')]);
  expect([absent.files.size, absent.by_hand[0]?.why]).toEqual([0, '(absent) is nothing that can stand there']);
  const yaml = settled('one', { file: '/p/a.case.yaml' });
  const outcome = outcomeOf(yaml, 'fail', { differences: [difference('retval', '', 'XDP_TX (3)')] });
  expect(planUpdates([[yaml, outcome]], () => 'name: one').files.size).toBe(0);
});
