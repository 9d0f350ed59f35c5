/** bpf_object__load: a world for an object's maps, its data filled in, its programs checked one by one when they are asked for. */
import { ok, type Refusal, type Result, refuse } from '../errors.ts';
import type { BpfMap } from '../maps/map.ts';
import type { ObjectSpec, ProgramSpec } from '../object/spec.ts';
import type { MapDump } from '../run/types.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { progTypeName } from '../uapi/prog-types.ts';
import { checkExterns, checkHelpers } from './check-program.ts';
import { createMaps, fillSlots } from './create-maps.ts';
import type { LoadedProgram } from './loaded-program.ts';
import { patchProgram } from './patch-program.ts';
import { Program } from './program.ts';
import { RefusedProgram } from './program-table.ts';
import type { LoadedObject, LoadOpts, World } from './types.ts';
import { makeWorld } from './world.ts';

const PERCPU: ReadonlySet<number> = new Set<number>([
  ...[MAP_TYPE.PERCPU_ARRAY, MAP_TYPE.PERCPU_HASH, MAP_TYPE.LRU_PERCPU_HASH, MAP_TYPE.PERCPU_CGROUP_STORAGE],
]);

class Loaded implements LoadedObject {
  readonly spec: ObjectSpec;
  readonly world: World;
  private readonly maps: ReadonlyMap<string, BpfMap>;
  private readonly opts: LoadOpts;
  private readonly places = new Map<string, { readonly id: number; readonly table_index: number }>();
  private readonly results = new Map<string, Result<Program>>();

  constructor(spec: ObjectSpec, world: World, maps: ReadonlyMap<string, BpfMap>, opts: LoadOpts) {
    this.spec = spec;
    this.world = world;
    this.maps = maps;
    this.opts = opts;
    for (const one of spec.programs) {
      const place = world.programs.reserve(one.name, one.subprogs.length, () => this.reached(one.name), spec.path);
      this.places.set(one.name, place);
    }
  }

  /** Fills what the object says about the first content of its maps of maps and programs; that is where reset() goes back to. */
  settle(): Result<LoadedObject> {
    const ids = new Map([...this.places].map(([name, { id }]) => [name, id]));
    const filled = fillSlots(this.spec, this.maps, this.world, ids);
    if (!filled.ok) return filled;
    this.world.maps.snapshot();
    return ok(this);
  }

  map(name: string): BpfMap | undefined {
    return this.maps.get(name);
  }

  program(name: string): Result<LoadedProgram> {
    let result = this.results.get(name);
    if (result === undefined) {
      result = this.load(name);
      this.results.set(name, result);
    }
    if (!result.ok) return result;
    // What is constant data may have become other data since.
    const refusal = result.value.ctxRefusal();
    if (refusal !== null) return { ok: false, error: refusal };
    this.world.programs.add(result.value);
    return result;
  }

  private load(name: string): Result<Program> {
    const spec = this.spec.programs.find((one) => one.name === name);
    const place = this.places.get(name);
    if (spec === undefined || place === undefined) return refuse('load', ERRNO.ENOENT, noSuchProgram(this.spec, name));
    if (spec.error !== null) return { ok: false, error: refusalOf(spec, spec.error) };
    const type = this.opts.types?.[name] ?? spec.type;
    if (type === 0) return { ok: false, error: noType(spec) };
    const missing = checkExterns(spec, type);
    if (missing !== null) return { ok: false, error: missing };
    const checked = checkHelpers(spec, type, this.spec.license, this.opts.lenient === true);
    if (!checked.ok) return checked;
    const patched = patchProgram(spec, (map) => (this.maps.get(map) ?? this.opts.foreign?.(map))?.handle);
    const program = new Program(this.world, spec, place, type, patched, checked.value);
    const translated = program.translate();
    return translated.ok ? ok(program) : translated;
  }

  /** A tail call reached the program. */
  private reached(name: string): void {
    const program = this.program(name);
    if (!program.ok) throw new RefusedProgram(program.error);
    const { type } = program.value;
    if (type !== this.world.rc.progType) throw new RefusedProgram(otherType(name, type, this.world.rc.progType));
    program.value.entry();
  }

  dumpMaps(): MapDump[] {
    return this.spec.maps.map((one) => {
      const { def } = this.maps.get(one.name)!;
      return {
        ...{ name: one.name, type: def.type, key_size: def.key_size, value_size: def.value_size },
        ...{ percpu: PERCPU.has(def.type), key_type_id: one.key_type_id, value_type_id: one.value_type_id },
        entries: [...this.maps.get(one.name)!.entries()],
      };
    });
  }

  reset(): void {
    this.world.maps.reset();
  }

  release(): void {
    this.world.mem.release();
  }
}

function noSuchProgram(spec: ObjectSpec, name: string): string {
  const names = spec.programs.map((one) => one.name);
  return `the object has no program ${name}: ${names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`}`;
}

function noType(spec: ProgramSpec): Refusal {
  const message = `program ${spec.name}: section "${spec.section}" does not say what type of program it is`;
  return { stage: 'load', errno: ERRNO.EINVAL, message, where: { section: spec.section, program: spec.name } };
}

/** bpf_prog_map_compatible: all programs of a prog array are of one type. */
function otherType(name: string, type: number, caller: number): Refusal {
  const message = `program ${name} is of type ${progTypeName(type)}, and tail calls from ${progTypeName(caller)} lead to its own type`;
  return { stage: 'load', errno: ERRNO.EINVAL, message, where: { program: name } };
}

/**
 * Makes a world (or takes the one given) with the object's maps and their first content. Refuses, naming the map, what BPF_MAP_CREATE refuses;
 * what is wrong with a program is said when the program is asked for.
 */
export function loadObject(spec: ObjectSpec, opts: LoadOpts = {}): Result<LoadedObject> {
  const world = opts.world ?? makeWorld(opts.cpus ?? 1);
  const maps = createMaps(spec, world);
  return maps.ok ? new Loaded(spec, world, maps.value, opts).settle() : maps;
}

/** What open said of a program, unless the kernel has an answer of its own for the kernel functions that are missing. */
function refusalOf(spec: ProgramSpec, opened: Refusal): Refusal {
  const missing = opened.stage === 'unsupported' ? checkExterns(spec) : null;
  return missing !== null && missing.errno !== 0 ? missing : opened;
}
