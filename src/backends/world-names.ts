/** Names of maps and programs where several objects share one world: `map` as the first object that has it, `b.o#map` by object. */
import { basename } from 'node:path';
import type { MapDump, ObjectSpec } from '../../engine/index.ts';

/** An object of a world; the case's own comes first, and its names stand alone. */
export interface WorldObject {
  /** `b.o`; '' for the case's own. */
  readonly label: string;
  readonly spec: ObjectSpec;
}

export type World = readonly WorldObject[];

/** The label of a further object. */
export function labelOf(path: string): string {
  return basename(path);
}

/** The name by which one world knows something of an object. */
export function worldName(label: string, name: string): string {
  return label === '' ? name : `${label}#${name}`;
}

/** `b.o#name` as label and name. */
export function splitName(name: string): readonly [label: string, name: string] {
  const at = name.lastIndexOf('#');
  return at < 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}

/**
 * Who has what `name` stands for, looked for in `own` first, then in the world's order; null: nobody. `kind`: which of an
 * object's lists is meant.
 */
export function ownerOf(world: World, name: string, kind: 'maps' | 'programs', own = ''): WorldObject | null {
  const [label, bare] = splitName(name);
  const has = (one: WorldObject) => one.spec[kind].some((item) => item.name === bare);
  if (label !== '') return world.find((one) => one.label === label && has(one)) ?? null;
  return world.find((one) => one.label === own && has(one)) ?? world.find(has) ?? null;
}

/** All names of a kind. */
export function namesIn(world: World, kind: 'maps' | 'programs'): string[] {
  return world.flatMap(({ label, spec }) => spec[kind].map((item) => worldName(label, item.name)));
}

/** The dumps of one object, under its own names. */
export function dumpsOf(label: string, dumps: readonly MapDump[]): MapDump[] {
  return dumps.flatMap((dump) => {
    const [owner, name] = splitName(dump.name);
    return owner === label ? [{ ...dump, name }] : [];
  });
}
