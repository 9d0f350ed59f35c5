/** One object loaded into the kernel for one run: BTF, maps, programs, prog arrays; all descriptors closed together. */
import type { MapDump, MapEntry, MapSpec, ObjectSpec, ProgramSpec, Refusal } from '../../../engine/index.ts';
import { ERRNO, MAP_TYPE, PROG_TYPE } from '../../../engine/index.ts';
import type { Extension } from '../extensions.ts';
import type { MapUpdate } from '../presets.ts';
import { splitName } from '../world-names.ts';
import { linkExtension } from './attach.ts';
import { Attr, bpf } from './attr.ts';
import { KernelBtf } from './btf.ts';
import { envData, envMap, type GivenEnv, HIDDEN, withEnv } from './env.ts';
import { KernelExterns } from './externs.ts';
import { dumpMap, lookupElem, updateElem } from './map-io.ts';
import { createMap, freeze, isFrozen, type KernelMap, possibleCpus } from './maps.ts';
import { collectStrings, type KernelProgram, type LoadRefusal, loadProgram, type ProgramMakers } from './progs.ts';
import { isRefusal } from './refusal.ts';
import { createTable } from './struct-ops.ts';
import { closeFd } from './syscall.ts';
import { applyUpdates, needsProgram, programsIn, staticUpdates, type UpdateTargets } from './updates.ts';

/** enough of struct bpf_prog_info and bpf_map_info: type, id */
const INFO_BYTES = 16;

export interface LoadWish {
  readonly program: string;
  /** PROG_TYPE of that program, 0 to take the section's. */
  readonly type: number;
  readonly updates: readonly MapUpdate[];
  /** Time, chance and task that programs are to see. */
  readonly env?: GivenEnv;
  /** The verifier's log is not wanted when it refuses. */
  readonly quiet?: boolean;
  /** Further programs to load, with their types (0: the section's). */
  readonly also?: readonly { readonly program: string; readonly type: number }[];
  /** Programs that extend() is to be asked for. */
  readonly extensions?: readonly string[];
}

function failed(refusal: Refusal, log = ''): LoadRefusal {
  return { refusal, log };
}

/** bpf_object__reuse_map: the pinned map, when its parameters are those of the definition (map_is_reuse_compat). */
function reuse(spec: MapSpec, pinned: KernelMap): KernelMap | Refusal {
  const odd = (['type', 'key_size', 'value_size', 'max_entries', 'map_flags', 'map_extra'] as const).find(
    (field) => spec[field] !== pinned.spec[field],
  );
  if (odd === undefined) return pinned;
  const message = `map ${spec.name}: it cannot be the pinned map of the name: ${odd} is ${spec[odd]}, the other's ${pinned.spec[odd]}`;
  return { stage: 'load', errno: ERRNO.EINVAL, message, where: { section: spec.section } };
}

/** The id by which the kernel knows what a descriptor stands for; 0 when it does not say. */
function idOf(fd: number): number {
  const info = new Uint8Array(INFO_BYTES);
  const result = bpf('OBJ_GET_INFO_BY_FD', { bpf_fd: fd, info_len: info.length, info });
  return result === 0 ? new DataView(info.buffer).getUint32(4, true) : 0;
}

/** What other objects of the same world lend. */
export interface Around {
  /** Maps pinned by name (LIBBPF_PIN_BY_NAME); what is not there yet is added. */
  readonly pins: Map<string, KernelMap>;
  /** Maps and programs of other objects by their names in the world. */
  readonly foreign?: () => {
    readonly maps: ReadonlyMap<string, KernelMap>;
    readonly programs: ReadonlyMap<string, KernelProgram>;
  };
}

/** LIBBPF_PIN_BY_NAME */
const PIN_BY_NAME = 1;

export class LoadedInKernel {
  readonly maps = new Map<string, KernelMap>();
  readonly programs = new Map<string, KernelProgram>();
  private readonly spec: ObjectSpec;
  private readonly extra: KernelMap[] = [];
  /** Programs as they are loaded, what the environment says put in. */
  private wanted: readonly ProgramSpec[] = [];
  /** Descriptors of tables of operations, extensions and their links, in the order they were made. */
  private readonly fds: number[] = [];
  private btf: KernelBtf | null = null;
  private btfFd = 0;
  private readonly externs: KernelExterns;
  private readonly cpus = possibleCpus();
  private readonly around: Around;
  private readonly borrowed = new Set<KernelMap>();

  constructor(spec: ObjectSpec, around: Around = { pins: new Map() }) {
    this.spec = spec;
    this.around = around;
    this.externs = new KernelExterns(spec.btf);
  }

  /** Everything the wish needs, in libbpf's order: BTF, maps with their content, programs, slots that name programs. */
  load(wish: LoadWish): LoadRefusal | null {
    const names = new Set(this.spec.programs.map((p) => p.name));
    const updates = [...staticUpdates(this.spec.maps, names), ...wish.updates];
    const wanted = this.wantedPrograms(wish, updates);
    this.loadBtf(wanted);
    const refusal =
      this.createMaps(wish.env) ??
      this.createTables(wanted) ??
      applyUpdates(
        this.targets(),
        updates.filter((u) => !needsProgram(u.value)),
      );
    if (refusal !== null) return failed(refusal);
    for (const map of this.maps.values()) {
      const wrong = isFrozen(map.spec) ? freeze(map) : null;
      if (wrong !== null) return failed(wrong);
    }
    const asked = [wish, ...(wish.also ?? [])];
    for (const program of wanted.filter(({ name }) => !wish.extensions?.includes(name))) {
      const type = asked.find((one) => one.program === program.name)?.type || program.type;
      const wrong = this.loadOne(program, type, wish.quiet);
      if (wrong !== null) return wrong;
    }
    const slots = applyUpdates(
      this.targets(),
      updates.filter((u) => needsProgram(u.value)),
    );
    return slots === null ? null : failed(slots);
  }

  /** Before another run on the same maps: time and chance set anew, content filled in. */
  again(env: GivenEnv, updates: readonly MapUpdate[]): LoadRefusal | null {
    const hidden = [...this.maps.values()].find((map) => map.spec.section === HIDDEN);
    if (hidden) updateElem(hidden, new Uint8Array(4), envData(env));
    const wrong = applyUpdates(this.targets(), updates);
    return wrong === null ? null : failed(wrong);
  }

  /** What a data section holds now; null when there is none of the name. */
  sectionData(name: string): Uint8Array | null {
    const map = this.maps.get(name);
    return map === undefined ? null : lookupElem(map, new Uint8Array(4));
  }

  private wantedPrograms(wish: LoadWish, updates: readonly MapUpdate[]): readonly ProgramSpec[] {
    const { program, env, also = [], extensions = [] } = wish;
    if (this.spec.btf !== null) this.btf = new KernelBtf(this.spec.btf);
    const wanted = new Set([program, ...also.map((one) => one.program), ...extensions, ...programsIn(updates)]);
    const programs = this.spec.programs.filter((p) => wanted.has(p.name));
    this.wanted = env === undefined ? programs : programs.map((p) => withEnv(p, env, this.btf));
    return this.wanted;
  }

  /** Without BTF when the kernel refuses it: most programs do not need it. */
  private loadBtf(programs: readonly ProgramSpec[]): void {
    if (this.btf === null) return;
    collectStrings(programs, this.btf);
    const btf = this.btf.bytes();
    this.btfFd = Math.max(0, new Attr('BTF_LOAD', { btf, btf_size: btf.length }).call());
  }

  private createMaps(env: GivenEnv | undefined): Refusal | null {
    for (const spec of [
      ...this.spec.maps,
      ...(env?.time_ns === undefined && env?.seed === undefined ? [] : [envMap(env)]),
    ]) {
      const { pins } = this.around;
      const pinned = spec.pinning === PIN_BY_NAME ? pins.get(spec.name) : undefined;
      const map = pinned ? reuse(spec, pinned) : createMap(spec, { btf_fd: this.btfFd, cpus: this.cpus });
      if (isRefusal(map)) return map;
      this.maps.set(spec.name, map);
      if (pinned) this.borrowed.add(map);
      else if (spec.pinning === PIN_BY_NAME) pins.set(spec.name, map);
    }
    return null;
  }

  /** The tables of operations that programs are for; nobody is given them, but a kernel that has no such table says so here. */
  private createTables(programs: readonly ProgramSpec[]): Refusal | null {
    const names = programs.map(({ name }) => name);
    for (const table of this.spec.struct_ops ?? []) {
      if (!table.members.some(({ program }) => names.includes(program))) continue;
      const fd = createTable(table, this.btfFd);
      if (typeof fd !== 'number') return fd;
      this.fds.push(fd);
    }
    return null;
  }

  private targets(): UpdateTargets {
    const foreign = this.around.foreign?.();
    return {
      maps: foreign ? new Map([...foreign.maps, ...this.maps]) : this.maps,
      makers: { btf_fd: this.btfFd, cpus: this.cpus },
      programFd: (name) => (this.programs.get(name) ?? foreign?.programs.get(name))?.fd,
      keep: (map) => this.extra.push(map),
    };
  }

  private makers(quiet: boolean): ProgramMakers {
    const { spec, maps, externs, btf, btfFd } = this;
    return { spec, maps, externs, btf, btf_fd: btfFd, quiet };
  }

  private loadOne(program: ProgramSpec, type: number, quiet = false): LoadRefusal | null {
    const loaded = loadProgram(program, type, this.makers(quiet));
    if ('refusal' in loaded) return loaded;
    this.programs.set(program.name, loaded);
    return null;
  }

  /**
   * Loads a program of this object in place of a function of another's, and links it: from then on the other runs it. The
   * link ends with close(). A refusal where the kernel does not take it.
   */
  extend({ program: name, func }: Extension, target: KernelProgram, quiet = false): LoadRefusal | null {
    const program = this.wanted.find((one) => one.name === name)!;
    const point = { expected_attach_type: 0, attach_btf_id: func.type_id, attach_prog_fd: target.fd };
    const loaded = loadProgram(program, PROG_TYPE.EXT, this.makers(quiet), point);
    if ('refusal' in loaded) return loaded;
    this.fds.push(loaded.fd);
    const link = linkExtension(loaded);
    if (typeof link !== 'number') return failed(link);
    this.fds.push(link);
    return null;
  }

  /** Content of all maps, with names beside ids. */
  dump(): MapDump[] {
    const shown = [...this.maps.values()].filter((map) => map.spec.section !== HIDDEN);
    return shown.map((map) => {
      const dump = dumpMap(map);
      const named = this.behind(map.type);
      if (named.length === 0 || dump.entries.length === 0) return dump;
      const ids = new Map(named.map(({ fd, name }) => [idOf(fd), name]));
      const id = ({ value }: MapEntry) => new DataView(value.buffer, value.byteOffset).getUint32(0, true);
      return { ...dump, refs: dump.entries.map((entry) => ids.get(id(entry)) ?? null) };
    });
  }

  /** What the values of a map of this type may stand for. */
  private behind(type: number): { readonly fd: number; readonly name: string }[] {
    if (type === MAP_TYPE.PROG_ARRAY) {
      const foreign = [...(this.around.foreign?.().programs ?? [])].map(
        ([name, program]) => [splitName(name)[1], program] as const,
      );
      return [...foreign, ...this.programs].map(([name, { fd }]) => ({ fd, name }));
    }
    if (type !== MAP_TYPE.ARRAY_OF_MAPS && type !== MAP_TYPE.HASH_OF_MAPS) return [];
    return [...this.maps.values(), ...this.extra].map(({ fd, spec }) => ({ fd, name: spec.name }));
  }

  /** Gives everything back. */
  close(): void {
    const maps = [...this.maps.values()].filter((map) => !this.borrowed.has(map));
    for (const { fd } of [...this.programs.values(), ...maps, ...this.extra]) closeFd(fd);
    // Links before programs, as they were made after them.
    for (const fd of this.fds.toReversed()) closeFd(fd);
    if (this.btfFd > 0) closeFd(this.btfFd);
    this.externs.close();
    this.fds.length = 0;
    this.programs.clear();
    this.maps.clear();
    this.extra.length = 0;
  }
}
