/** Questions to Bloom filters: they list nothing, but say of a value whether it may be in them. */
import { MAP_TYPE, type MapSpec, type ObjectSpec } from '../../engine/index.ts';
import type { BloomAnswers, RunStep } from './backend.ts';
import { encoderOf } from './preset-values.ts';
import { ownerOf, splitName, type World, worldName } from './world-names.ts';

/** Values of a list, or of `{has: […], lacks: […]}`; null for content of any other shape. */
export function bloomValues(
  content: unknown,
): { readonly has: readonly unknown[]; readonly lacks: readonly unknown[] } | null {
  if (Array.isArray(content)) return { has: content, lacks: [] };
  if (typeof content !== 'object' || content === null) return null;
  const { has = [], lacks = [], ...rest } = content as { has?: unknown; lacks?: unknown };
  return Object.keys(rest).length === 0 && Array.isArray(has) && Array.isArray(lacks) ? { has, lacks } : null;
}

export function isBloom(spec: ObjectSpec | null, name: string): boolean {
  return spec?.maps.some((map) => map.name === name && map.type === MAP_TYPE.BLOOM_FILTER) ?? false;
}

function encoded(spec: ObjectSpec, map: MapSpec, value: unknown, path: string): Uint8Array {
  return encoderOf(spec, map, 1).value(value, path);
}

/**
 * The answers of every Bloom filter that a step asks, values in their order, `has` first. `ask` looks a value up in a map by
 * its name in the world. Throws InputError for a value that the map's type cannot hold.
 */
export function askBlooms(world: World, step: RunStep, ask: (map: string, value: Uint8Array) => boolean): BloomAnswers {
  const answers: { [map: string]: readonly boolean[] } = {};
  for (const [name, content] of Object.entries(step.asks ?? {})) {
    const owner = ownerOf(world, name, 'maps');
    const map = owner?.spec.maps.find((one) => one.name === splitName(name)[1]);
    const values = bloomValues(content);
    if (!owner || map?.type !== MAP_TYPE.BLOOM_FILTER || !values) continue;
    const known = worldName(owner.label, map.name);
    answers[known] = [...values.has, ...values.lacks].map((value, i) =>
      ask(known, encoded(owner.spec, map, value, `expect.maps.${name}[${i}]`)),
    );
  }
  return answers;
}
