/** Five hundred and more damaged objects: each opens or is refused with one sentence and a place, and never throws. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { decodeBtf, specialFields, typeMembers, typeName } from '../../../engine/object/btf-values.ts';
import { openObject } from '../../../engine/object/open.ts';
import type { ObjectSpec } from '../../../engine/object/spec.ts';
import {
  cutAnywhere,
  cutAtSections,
  type Damaged,
  flipBytes,
  hugeHeader,
  hugeWord,
  randomFrom,
} from '../../support/damage.ts';

const FIXTURES = new URL('../../../fixtures/', import.meta.url).pathname;
const OBJECTS = [
  'objects/tail-calls/tail-calls.bpf.o',
  'objects/map-in-map/map-in-map.bpf.o',
  'objects/core/core.bpf.o',
  'objects/kconfig/kconfig.bpf.o',
  'objects/weak-externs/weak-externs.bpf.o',
  'objects/legacy/legacy.bpf.o',
  'objects/globals/globals.bpf.o',
  'objects/subprograms/subprograms.bpf.o',
  'projects/balancer/build/filter.o',
];

const read = (path: string) => new Uint8Array(readFileSync(FIXTURES + path));

/** Everything that a user of the spec does with it. */
function use(spec: ObjectSpec): void {
  structuredClone(spec);
  for (const map of spec.maps) {
    if (spec.btf === null) continue;
    typeName(spec.btf, map.value_type_id);
    typeMembers(spec.btf, map.value_type_id);
    specialFields(spec.btf, map.value_type_id);
    decodeBtf(spec.btf, map.value_type_id, map.data ?? new Uint8Array(Math.min(map.value_size, 4096)));
  }
}

function check(path: string, { what, bytes, hopeless }: Damaged): void {
  const result = openObject({ path, bytes });
  if (result.ok) {
    expect(hopeless ? `${path}: ${what} was accepted` : '').toBe('');
    use(result.value);
    return;
  }
  const { stage, message, where } = result.error;
  expect(stage).toBe('open');
  expect(message).toMatch(/^[^\n]{10,300}$/);
  expect(where.section).toBeString();
  expect(where.offset).toBeNumber();
}

test('cut where a section starts or ends: always refused', () => {
  for (const path of OBJECTS) for (const damaged of cutAtSections(read(path))) check(path, damaged);
});

const KINDS = { cutAnywhere, flipBytes, hugeHeader, hugeWord };

for (const [name, damage] of Object.entries(KINDS)) {
  test(`${name}: opens or is refused`, () => {
    const random = randomFrom(20_240_611);
    for (let i = 0; i < 40; i++) for (const path of OBJECTS) check(path, damage(read(path), random));
  });
}
