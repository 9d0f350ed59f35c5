/** A random program as an opened object: what both backends load. */
import type { MapSpec, ObjectSpec } from '../../../engine/index.ts';
import { MAPS, type MapName, type RandomProgram } from './program.ts';
import { type Flat, flatten, type Tree } from './tree.ts';

export const PROGRAM = 'random';

function mapSpec(name: MapName): MapSpec {
  return {
    ...{ name, ...MAPS[name], map_flags: 0, map_extra: 0n, numa_node: 0, pinning: 0 },
    ...{ key_type_id: 0, value_type_id: 0, inner: null, values: [], data: null, section: '.maps' },
  };
}

export interface Prepared {
  readonly spec: ObjectSpec;
  readonly flat: Flat;
}

/** A flat program as the only one of an object. */
export function specOf(flat: Omit<Flat, 'ops'>, type: number, path: string): ObjectSpec {
  const subprogs = flat.starts.map((start, i) => {
    return { name: i === 0 ? PROGRAM : `local${i}`, start, type_id: 0, global: false };
  });
  const one = {
    ...{ name: PROGRAM, section: 'random', type, attach_type: 0, attach_target: '', prog_flags: 0, autoload: true },
    ...{ insns: flat.insns, subprogs, relocs: flat.refs.map((ref) => ({ ...ref, weak: false })) },
    ...{ lines: [], tags: [], error: null },
  };
  const maps = (Object.keys(MAPS) as MapName[]).map(mapSpec);
  return { path, license: 'GPL', btf: null, programs: [one], maps, warnings: [], core_target: '' };
}

/** `tree`: the program's own, or what a reducer left of it. */
export function prepare(program: RandomProgram, tree: Tree = program.tree): Prepared {
  const flat = flatten(tree);
  return { spec: specOf(flat, program.type, `seed ${program.seed}`), flat };
}
