/** The oldest kernel that has everything an object uses, by what in it is newest. */
import { expect, test } from 'bun:test';
import { objectNeeds, programNeeds } from '../../../engine/load/kernel-needs.ts';
import { helperSince, mapTypeSince, newest, progTypeSince } from '../../../engine/uapi/kernel-versions.ts';
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { openFixture } from '../../support/fixture-object.ts';

test('fixtures need what their newest part needs', () => {
  const needs = (name: string): string | null => objectNeeds(openFixture(name));
  expect(needs('xdp-verdicts')).toBe('4.8');
  expect(needs('globals')).toBe('5.2');
  expect(needs('callbacks')).toBe('5.17');
  expect(needs('cpu-v4')).toBe('6.6');
  expect(needs('atomics')).toBe('5.12');
  expect(needs('ringbuf')).toBe('5.8');
  expect(needs('xdp-frags')).toBe('5.18');
  expect(needs('optional')).toBe('4.8');
});

test('helpers are listed with what stands in their way', () => {
  const spec = openFixture('optional');
  const { helpers } = programNeeds(spec, spec.programs.find((one) => one.name === 'wrong_helper')!);
  expect(helpers).toEqual([
    {
      ...{ name: 'bpf_skb_change_tail', supported: true, since: '4.9' },
      refused: 'program of this type (XDP) cannot use helper bpf_skb_change_tail#38',
    },
  ]);
});

test('every helper and type has a version', () => {
  for (let id = 1; id <= 211; id++) expect(helperSince(id)).toMatch(/^\d+\.\d+$/);
  expect([helperSince(0), helperSince(212), helperSince(1), helperSince(181)]).toEqual([null, null, '3.19', '5.17']);
  for (const [name, type] of Object.entries(MAP_TYPE)) {
    if (name !== 'UNSPEC') expect(mapTypeSince(type)).toMatch(/^\d+\.\d+$/);
  }
  for (const [name, type] of Object.entries(PROG_TYPE)) {
    if (name !== 'UNSPEC') expect(progTypeSince(type)).toMatch(/^\d+\.\d+$/);
  }
});

test('versions are compared as versions', () => {
  expect(newest(['4.9', '4.20', null, '4.10'])).toBe('4.20');
  expect(newest(['5.19', '6.0'])).toBe('6.0');
  expect(newest([null])).toBeNull();
});
