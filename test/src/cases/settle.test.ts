/** Settling cases: what steps inherit, and every mistake with the field it is in. */
import { expect, test } from 'bun:test';
import { settleCase } from '../../../src/cases/settle.ts';
import { stepsOf } from '../../../src/cases/steps.ts';
import { PROJECT } from '../../support/fixture-cases.ts';

const settle = (more: object) =>
  settleCase({ name: 'n', object: 'a.o', program: 'p', ...more }, PROJECT, '/x/a.case.ts', 1);

test('steps inherit what they leave out; their maps are filled just before them', () => {
  const one = settle({
    data_in: '01',
    maps: { a: { 0: 1 } },
    env: { time_ns: 5, cpus: 2 },
    expect: { retval: 'XDP_DROP' },
    steps: [{ maps: { b: { 0: 2 } } }, { data_in: '02', env: { time_ns: 9 }, expect: { errno: 0 }, name: 'late' }],
  });
  const [first, second] = stepsOf(one);
  expect(first).toMatchObject({
    data_in: new Uint8Array([1]),
    presets: [{ map: 'a' }, { map: 'b' }],
    env: { time_ns: 5 },
  });
  expect(second).toMatchObject({ data_in: new Uint8Array([2]), presets: [], env: { time_ns: 9, cpus: 2 } });
  expect(second?.expect).toEqual({ retval: 'XDP_DROP', errno: 0 });
  expect(second?.step_name).toBe('late');
});

test.each([
  [{ steps: [] }, /`steps` must be a list/],
  [{ steps: [{}, { dat_in: '' }] }, /step 2: a step has no field `dat_in`: did you mean data_in\?/],
  [{ steps: [{ env: { cpus: 2 } }] }, /belongs to the case/],
  [{ expect: { data_out: { 'ipv4.tll': 1 } } }, /ipv4 has no field tll: did you mean ttl/],
  [{ expect: { data_out: {} } }, /names no field/],
  [{ expect: { redirect: { ifindx: 1 } } }, /no field `ifindx`: did you mean ifindex/],
  [{ expect: { records: 'ff' } }, /must be a list/],
  [{ expect: { records: ['fg'] } }, /expect\.records\[0\]/],
  [{ expect: { records: [{ value: 1 }] } }, /a value needs its type/],
  [{ with: ['b/a.o'] }, /two objects of one world are named a\.o/],
  [{ expect: { ctx_out: [256] } }, /a byte is an integer/],
])('a mistake says where: %j', (more, message) => {
  expect(() => settle(more)).toThrow(message);
});
