/** The words of case files: what each registers, how rows name their cases, how suites within suites share fields. */
import { beforeEach, expect, test as it } from 'bun:test';
import { suite, takeRegistered, test, writtenName } from '../../../src/cases/register.ts';

const base = { object: 'a.o', program: 'p', expect: { retval: 1 } };

beforeEach(() => void takeRegistered());

it('only, skip and todo mark the case', () => {
  test.only({ ...base, name: 'a' });
  test.skip({ ...base, name: 'b' }, 'not yet');
  test.skip({ ...base, name: 'c' });
  test.todo({ ...base, name: 'd' });
  expect(takeRegistered().map(({ only, skip, todo }) => ({ only, skip, todo }))).toEqual([
    { only: true, skip: undefined, todo: undefined },
    { only: undefined, skip: 'not yet', todo: undefined },
    { only: undefined, skip: true, todo: undefined },
    { only: undefined, skip: undefined, todo: true },
  ]);
  expect(takeRegistered()).toEqual([]);
});

it('rows give a case each, named by their values', () => {
  test.each([
    [443, 'open'],
    [22, 'closed'],
  ])('port %d is %s, 100%%, row %#', (port, state) => ({ ...base, data_in: `${port}`, skip: state }));
  test.each([{ flags: { syn: 2 } }])('flags $flags.syn of $nobody', ({ flags }) => ({ ...base, repeat: flags.syn }));
  test.each([0x800])('type %x', () => base);
  const cases = takeRegistered();
  expect(cases.map((one) => one.name)).toEqual([
    ...['port 443 is open, 100%, row 0', 'port 22 is closed, 100%, row 1', 'flags 2 of $nobody', 'type 800'],
  ]);
  expect(cases[1]).toMatchObject({ data_in: '22', skip: 'closed' });
  expect(writtenName(cases[0]!)).toBe('port %d is %s, 100%%, row %#');
});

it('suites share fields, also within suites, and merge maps, env and expectations', () => {
  suite({ ...base, maps: { a: { 0: 1 } }, env: { cpus: 2 } }, [
    { name: 'one', maps: { b: { 0: 2 } }, expect: { errno: 0 } },
    {
      name: 'deep',
      env: { cpu: 1 },
      program: 'q',
      cases: [{ name: 'two' }, { name: 'deeper', cases: [{ name: 'three' }] }],
    },
  ]);
  const cases = takeRegistered();
  expect(cases.map((one) => one.name)).toEqual(['one', 'deep › two', 'deep › deeper › three']);
  expect(cases[0]).toMatchObject({ maps: { a: { 0: 1 }, b: { 0: 2 } }, expect: { retval: 1, errno: 0 }, program: 'p' });
  expect(cases[2]).toMatchObject({ program: 'q', env: { cpus: 2, cpu: 1 }, maps: { a: { 0: 1 } } });
  expect(writtenName(cases[2]!)).toBe('three');
});
