/** Several objects loaded into the kernel for one run, maps pinned by name shared between them; closed together. */
import type { MapDump, ObjectSpec } from '../../../engine/index.ts';
import { type Extension, extensionsIn } from '../extensions.ts';
import type { MapUpdate } from '../presets.ts';
import { splitName, type World, worldName } from '../world-names.ts';
import { bpf } from './attr.ts';
import { LoadedInKernel, type LoadWish } from './loaded.ts';
import type { KernelMap } from './maps.ts';
import type { KernelProgram, LoadRefusal } from './progs.ts';
import { programsIn } from './updates.ts';

export class KernelWorld {
  readonly world: World;
  private readonly first: LoadedInKernel;
  private readonly further: readonly { readonly label: string; readonly loaded: LoadedInKernel }[];

  /** The case's own object, and those that share its world. */
  constructor(spec: ObjectSpec, further: World) {
    this.world = [{ label: '', spec }, ...further];
    const pins = new Map<string, KernelMap>();
    this.further = further.map((one) => ({ label: one.label, loaded: new LoadedInKernel(one.spec, { pins }) }));
    this.first = new LoadedInKernel(spec, { pins, foreign: () => this.foreign() });
  }

  /** Programs of the case's own object. */
  get programs(): ReadonlyMap<string, KernelProgram> {
    return this.first.programs;
  }

  /** Every map once. */
  maps(): KernelMap[] {
    const all = [this.first, ...this.further.map((one) => one.loaded)].flatMap((loaded) => [...loaded.maps.values()]);
    return [...new Set(all)];
  }

  private foreign() {
    const maps = new Map<string, KernelMap>();
    const programs = new Map<string, KernelProgram>();
    for (const { label, loaded } of this.further) {
      for (const [name, map] of loaded.maps) maps.set(worldName(label, name), map);
      for (const [name, program] of loaded.programs) programs.set(worldName(label, name), program);
    }
    return { maps, programs };
  }

  /** The further objects first: what they pin, and programs of theirs that updates name, must be there. */
  load(wish: LoadWish): LoadRefusal | null {
    const named = programsIn(wish.updates).map(splitName);
    const running = [wish.program, ...(wish.also ?? []).map(({ program }) => program)];
    const extensions = extensionsIn(this.world, running);
    const early = wish.updates.filter((update) => isEarly(update));
    for (const { label, loaded } of this.further) {
      const also = named.flatMap(([owner, program]) => (owner === label ? [{ program, type: 0 }] : []));
      const updates = early.flatMap((update) => {
        const [owner, map] = splitName(update.map);
        return owner === label ? [{ ...update, map }] : [];
      });
      const own = extensions.flatMap((one) => (one.label === label ? [one.program] : []));
      const wrong = loaded.load({ ...wish, program: '', type: 0, also, updates, extensions: own });
      if (wrong !== null) return wrong;
    }
    const late = wish.updates.filter((update) => !early.includes(update));
    return this.first.load({ ...wish, updates: late }) ?? this.extend(extensions, wish.quiet);
  }

  /** The first object's programs are there now, so that their functions can be replaced. */
  private extend(extensions: readonly Extension[], quiet = false): LoadRefusal | null {
    for (const one of extensions) {
      const { loaded } = this.further.find(({ label }) => label === one.label)!;
      const wrong = loaded.extend(one, this.programs.get(one.target)!, quiet);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** As LoadedInKernel.again, for all objects. */
  again(env: NonNullable<LoadWish['env']>, updates: readonly MapUpdate[]): LoadRefusal | null {
    for (const { loaded } of this.further) loaded.again(env, []);
    return this.first.again(env, updates);
  }

  /** Whether a Bloom filter may hold a value. */
  holds(name: string, value: Uint8Array): boolean {
    const [label, bare] = splitName(name);
    const owner = label === '' ? this.first : this.further.find((one) => one.label === label)?.loaded;
    const map = owner?.maps.get(bare);
    return map !== undefined && bpf('MAP_LOOKUP_ELEM', { map_fd: map.fd, key: null, value: value.slice() }) === 0;
  }

  sectionData(name: string): Uint8Array | null {
    const [label, bare] = splitName(name);
    const owner = label === '' ? this.first : this.further.find((one) => one.label === label)?.loaded;
    return owner?.sectionData(bare) ?? null;
  }

  /** Content of every map once, under the name of the first object that has it. */
  dump(): MapDump[] {
    const seen = new Set(this.first.maps.values());
    const further = this.further.flatMap(({ label, loaded }) => {
      const own = loaded.dump().filter(({ name }) => !seen.has(loaded.maps.get(name)!));
      for (const map of loaded.maps.values()) seen.add(map);
      return own.map((dump) => ({ ...dump, name: worldName(label, dump.name) }));
    });
    return [...this.first.dump(), ...further];
  }

  /** Extensions go before what they extend. */
  close(): void {
    for (const { loaded } of this.further) loaded.close();
    this.first.close();
  }
}

/** Plain content of a further object's map: made before its programs are loaded, which freezes read-only sections. */
function isEarly({ map, value }: MapUpdate): boolean {
  return splitName(map)[0] !== '' && value.kind === 'bytes' && value.program === undefined;
}
