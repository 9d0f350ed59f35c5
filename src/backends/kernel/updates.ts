/** Applies preset updates and static `.values` to the kernel's maps: names become descriptors, new inner maps are made. */
import { ERRNO, errnoName, type MapSpec, type Refusal } from '../../../engine/index.ts';
import type { ElementUpdate, MapUpdate, UpdateValue } from '../presets.ts';
import { deleteElem, updateElem } from './map-io.ts';
import { createMap, type KernelMap, type MapMakers } from './maps.ts';
import { isRefusal } from './refusal.ts';

export interface UpdateTargets {
  readonly maps: ReadonlyMap<string, KernelMap>;
  readonly makers: MapMakers;
  /** Descriptor of a loaded program; undefined before programs are loaded, or when it is not. */
  readonly programFd: (name: string) => number | undefined;
  /** Takes maps made on the way, to be closed with the rest. */
  readonly keep: (map: KernelMap) => void;
}

/** Whether an update can only be made once programs are loaded. */
export function needsProgram(value: UpdateValue): boolean {
  return value.kind === 'program' || (value.kind === 'bytes' && value.program !== undefined);
}

/** Names of the programs that updates point to. */
export function programsIn(updates: readonly ElementUpdate[]): string[] {
  return updates.flatMap(({ value }) => {
    if (value.kind === 'program') return [value.name];
    return value.kind === 'bytes' && value.program !== undefined ? [value.program.name] : [];
  });
}

/** Static `.values` of map definitions as updates. */
export function staticUpdates(maps: readonly MapSpec[], programs: ReadonlySet<string>): MapUpdate[] {
  return maps.flatMap((map) =>
    map.values.map(({ index, name }): MapUpdate => {
      const value: UpdateValue = programs.has(name) ? { kind: 'program', name } : { kind: 'map', name };
      return { map: map.name, key: fdBytes(index), value, path: `${map.name}[${index}]` };
    }),
  );
}

function fdBytes(fd: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, fd, true);
  return bytes;
}

function refusal(path: string, message: string, errno = 0): Refusal {
  return { stage: 'run', errno, message: `${path}: ${message}`, where: {} };
}

/** The bytes bpf(2) takes for a value. */
function valueBytes(targets: UpdateTargets, update: ElementUpdate, map: KernelMap): Uint8Array | Refusal {
  const { value, path } = update;
  if (value.kind === 'gone') return new Uint8Array(0);
  if (value.kind === 'map') {
    const named = targets.maps.get(value.name);
    return named === undefined ? refusal(path, `there is no map ${value.name}`) : fdBytes(named.fd);
  }
  if (value.kind === 'new-map') {
    const made = createMap(value.template, targets.makers);
    if (isRefusal(made)) return made;
    targets.keep(made);
    for (const one of value.updates) {
      const wrong = applyUpdate(targets, made, one);
      if (wrong !== null) return wrong;
    }
    return fdBytes(made.fd);
  }
  const program = value.kind === 'program' ? value.name : value.program?.name;
  if (program === undefined) return value.kind === 'bytes' ? sized(value.bytes, map) : new Uint8Array(4);
  const fd = targets.programFd(program);
  if (fd === undefined) return refusal(path, `program ${program} is not loaded`);
  if (value.kind !== 'bytes') return fdBytes(fd);
  const bytes = new Uint8Array(value.bytes);
  bytes.set(fdBytes(fd), value.program?.offset ?? 0);
  return bytes;
}

/** bpf(2) reads as many bytes as the map says, whatever it is given. */
function sized(bytes: Uint8Array, map: KernelMap): Uint8Array {
  if (bytes.length >= map.user_value_size) return bytes;
  const whole = new Uint8Array(map.user_value_size);
  whole.set(bytes);
  return whole;
}

/** One element of one map; null when the kernel took it. */
export function applyUpdate(targets: UpdateTargets, map: KernelMap, update: ElementUpdate): Refusal | null {
  if (update.value.kind === 'gone') {
    const gone = -deleteElem(map, update.key);
    return gone <= 0 || gone === ERRNO.ENOENT ? null : refused(update, gone);
  }
  const bytes = valueBytes(targets, update, map);
  if (isRefusal(bytes)) return bytes;
  const errno = -updateElem(map, update.key.length === 0 ? null : update.key, bytes);
  if (errno <= 0) return null;
  return refused(update, errno);
}

function refused({ path }: ElementUpdate, errno: number): Refusal {
  return refusal(path, `the kernel refuses the element (${errnoName(errno)})`, errno);
}

/** All updates in order, up to the first the kernel refuses. */
export function applyUpdates(targets: UpdateTargets, updates: readonly MapUpdate[]): Refusal | null {
  for (const update of updates) {
    const map = targets.maps.get(update.map);
    if (map === undefined) return refusal(update.path, `the kernel has no map ${update.map}`);
    const wrong = applyUpdate(targets, map, update);
    if (wrong !== null) return wrong;
  }
  return null;
}
