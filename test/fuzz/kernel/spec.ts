/** A random program as an opened object: what both backends load. */
import type { MapSpec, ObjectSpec, ProgramSpec } from '../../../engine/index.ts';
import { MAPS, type MapName, type RandomProgram } from './program.ts';
import { type Flat, flatten, type Tree } from './tree.ts';

export const PROGRAM = 'random';

/** A flat program without the instructions' own form. */
export type Code = Omit<Flat, 'ops'>;

function mapSpec(name: MapName, tails: number): MapSpec {
  const values = name === 'jumps' ? Array.from({ length: tails }, (_, i) => ({ index: i, name: tailName(i) })) : [];
  return {
    ...{ name, ...MAPS[name], map_flags: 0, map_extra: 0n, numa_node: 0, pinning: 0 },
    ...{ key_type_id: 0, value_type_id: 0, inner: null, values, data: null, section: '.maps' },
  };
}

const tailName = (slot: number): string => `tail${slot}`;

function programSpec(name: string, type: number, code: Code): ProgramSpec {
  const subprogs = code.starts.map((start, i) => {
    return { name: i === 0 ? name : `local${i}`, start, type_id: 0, global: false };
  });
  return {
    ...{ name, section: 'random', type, attach_type: 0, attach_target: '', prog_flags: 0, autoload: true },
    ...{ insns: code.insns, subprogs, relocs: code.refs.map((ref) => ({ ...ref, weak: false })) },
    ...{ lines: [], tags: [], error: null },
  };
}

export interface Prepared {
  readonly spec: ObjectSpec;
  readonly flat: Flat;
}

/** The object of a program and of those in the slots of `jumps`. */
export function specOf(code: Code, tails: readonly Code[], type: number, path: string): ObjectSpec {
  const others = tails.map((tail, i) => programSpec(tailName(i), type, tail));
  const maps = (Object.keys(MAPS) as MapName[]).map((name) => mapSpec(name, tails.length));
  const programs = [programSpec(PROGRAM, type, code), ...others];
  return { path, license: 'GPL', btf: null, programs, maps, warnings: [], core_target: '' };
}

/** `tree`: the program's own, or what a reducer left of it. */
export function prepare(program: RandomProgram, tree: Tree = program.tree): Prepared {
  const flat = flatten(tree);
  return { spec: specOf(flat, program.tails.map(flatten), program.type, `seed ${program.seed}`), flat };
}
