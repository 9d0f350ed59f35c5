/** An opened object as plain data: what `inspect --json` prints and the report for people is made from. */
import type { MapSpec, ObjectSpec, ProgramSpec, Refusal } from '../../engine/index.ts';
import { objectNeeds, programNeeds } from '../../engine/index.ts';
import { mapFlagNames } from '../format/map-flags.ts';
import { mapTypeName, progTypeName } from '../format/prog-types.ts';
import { type InspectedGlobal, type InspectedType, inspectGlobals, inspectTypes, typeText } from './inspect-types.ts';

export interface InspectedHelper {
  readonly name: string;
  readonly supported: boolean;
  /** Why a program of this type and license may not call it; null when it may. */
  readonly refused: string | null;
  /** First kernel that has it, null when not known. */
  readonly since: string | null;
}

export interface InspectedProgram {
  readonly name: string;
  readonly section: string;
  /** null when the section does not say it. */
  readonly type: string | null;
  readonly attach_type: number;
  readonly attach_target: string;
  /** false for SEC("?…"). */
  readonly autoload: boolean;
  readonly prog_flags: number;
  /** 8-byte slots of the linked program, its subprograms included. */
  readonly insns: number;
  /** All but the entry. */
  readonly subprograms: readonly { readonly name: string; readonly insn: number; readonly global: boolean }[];
  readonly helpers: readonly InspectedHelper[];
  readonly maps: readonly string[];
  /** Oldest kernel with all it needs, null when nothing newer than the first BPF is. */
  readonly kernel: string | null;
  readonly tags: readonly string[];
  readonly error: Refusal | null;
}

export interface InspectedMap {
  readonly name: string;
  readonly type: string;
  readonly section: string;
  readonly key: { readonly type: string | null; readonly size: number };
  readonly value: { readonly type: string | null; readonly size: number };
  readonly max_entries: number;
  readonly flags: readonly string[];
  readonly map_extra: bigint;
  readonly pinning: 'by name' | null;
  /** Shape of inner maps. */
  readonly inner: InspectedMap | null;
  /** Slots filled by the object: names of maps or programs. */
  readonly values: readonly { readonly index: number; readonly name: string }[];
}

export interface Inspected {
  readonly object: string;
  readonly license: string;
  readonly btf: boolean;
  /** What CO-RE relocations were resolved against. */
  readonly core_target: string;
  readonly kernel: string | null;
  readonly programs: readonly InspectedProgram[];
  readonly maps: readonly InspectedMap[];
  readonly globals: readonly InspectedGlobal[];
  readonly types: readonly InspectedType[];
  readonly warnings: readonly string[];
}

const LIBBPF_PIN_BY_NAME = 1;

function inspectProgram(spec: ObjectSpec, program: ProgramSpec): InspectedProgram {
  const needs = programNeeds(spec, program);
  const maps = program.relocs.filter((r) => r.kind === 'map' || r.kind === 'map_value').map((r) => r.name);
  return {
    name: program.name,
    section: program.section,
    type: program.type === 0 ? null : progTypeName(program.type),
    attach_type: program.attach_type,
    attach_target: program.attach_target,
    autoload: program.autoload,
    prog_flags: program.prog_flags,
    insns: program.insns.length / 8,
    subprograms: program.subprogs.slice(1).map(({ name, start, global }) => ({ name, insn: start, global })),
    helpers: needs.helpers.map(({ name, supported, refused, since }) => ({ name, supported, refused, since })),
    maps: [...new Set(maps)],
    kernel: needs.kernel,
    tags: program.tags,
    error: program.error,
  };
}

function inspectMap(spec: ObjectSpec, map: MapSpec): InspectedMap {
  return {
    name: map.name,
    type: mapTypeName(map.type),
    section: map.section,
    key: { type: typeText(spec, map.key_type_id), size: map.key_size },
    value: { type: typeText(spec, map.value_type_id), size: map.value_size },
    max_entries: map.max_entries,
    flags: mapFlagNames(map.map_flags),
    map_extra: map.map_extra,
    pinning: map.pinning === LIBBPF_PIN_BY_NAME ? 'by name' : null,
    inner: map.inner === null ? null : inspectMap(spec, map.inner),
    values: map.values,
  };
}

export function inspectObject(spec: ObjectSpec): Inspected {
  return {
    object: spec.path,
    license: spec.license,
    btf: spec.btf !== null,
    core_target: spec.core_target,
    kernel: objectNeeds(spec),
    programs: spec.programs.map((program) => inspectProgram(spec, program)),
    maps: spec.maps.map((map) => inspectMap(spec, map)),
    globals: inspectGlobals(spec),
    types: inspectTypes(spec),
    warnings: spec.warnings,
  };
}
