/** BPF_MAP_CREATE for every map of an object: sizes settled as libbpf settles them, data sections filled, inner maps made first. */
import { readFileSync } from 'node:fs';
import { MAP_TYPE, type MapSpec, type Refusal } from '../../../engine/index.ts';
import { Attr, bpf } from './attr.ts';
import { isRefusal, kernelRefusal } from './refusal.ts';
import { closeFd } from './syscall.ts';

/** A map of the kernel's, open in this process. */
export interface KernelMap {
  readonly spec: MapSpec;
  readonly fd: number;
  readonly type: number;
  readonly key_size: number;
  /** Of one value as the object declares it. */
  readonly value_size: number;
  /** Of one value as bpf(2) copies it: all CPUs' for percpu maps. */
  readonly user_value_size: number;
  readonly percpu: boolean;
  readonly max_entries: number;
}

/** What creating maps needs to know beyond the map. */
export interface MapMakers {
  /** Descriptor of the object's BTF, 0 for none. */
  readonly btf_fd: number;
  readonly cpus: number;
}

const PERCPU: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.PERCPU_HASH, MAP_TYPE.PERCPU_ARRAY, MAP_TYPE.LRU_PERCPU_HASH, MAP_TYPE.PERCPU_CGROUP_STORAGE],
]);

/** bpf_map__create_common in libbpf: the kernel refuses BTF types for these. */
const WITHOUT_BTF: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.PERF_EVENT_ARRAY, MAP_TYPE.CGROUP_ARRAY, MAP_TYPE.STACK_TRACE, MAP_TYPE.ARRAY_OF_MAPS],
  ...[MAP_TYPE.HASH_OF_MAPS, MAP_TYPE.DEVMAP, MAP_TYPE.DEVMAP_HASH, MAP_TYPE.CPUMAP, MAP_TYPE.XSKMAP],
  ...[MAP_TYPE.SOCKMAP, MAP_TYPE.SOCKHASH, MAP_TYPE.QUEUE, MAP_TYPE.STACK, MAP_TYPE.ARENA],
]);

/** The kernel's possible CPUs (num_possible_cpus), which size percpu values. */
export function possibleCpus(): number {
  const ranges = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split(',');
  return ranges.reduce((count, range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return count + last - first + 1;
  }, 0);
}

/** adjust_ringbuf_sz in libbpf and the perf array's default: what max_entries becomes. */
function entriesOf(spec: MapSpec, cpus: number): number {
  if (spec.type === MAP_TYPE.PERF_EVENT_ARRAY && spec.max_entries === 0) return cpus;
  if (spec.type !== MAP_TYPE.RINGBUF && spec.type !== MAP_TYPE.USER_RINGBUF) return spec.max_entries;
  let bytes = 4096;
  while (bytes < spec.max_entries) bytes *= 2;
  return spec.max_entries === 0 ? 0 : bytes;
}

function create(spec: MapSpec, makers: MapMakers, innerFd: number, btf: boolean): number {
  const attr = new Attr('MAP_CREATE', {
    map_type: spec.type,
    key_size: spec.key_size,
    value_size: spec.value_size,
    max_entries: entriesOf(spec, makers.cpus),
    map_flags: spec.map_flags,
    inner_map_fd: innerFd,
    numa_node: spec.numa_node,
    map_name: spec.name,
    map_extra: spec.map_extra,
    ...(btf ? { btf_fd: makers.btf_fd, btf_key_type_id: spec.key_type_id, btf_value_type_id: spec.value_type_id } : {}),
  });
  return attr.call();
}

/** Makes one map; with its BTF types if the kernel takes them, else without, as libbpf does. */
export function createMap(spec: MapSpec, makers: MapMakers): KernelMap | Refusal {
  let innerFd = 0;
  if (spec.inner !== null) {
    const inner = createMap(spec.inner, makers);
    if (isRefusal(inner)) return inner;
    innerFd = inner.fd;
  }
  const typed = makers.btf_fd > 0 && spec.value_type_id > 0 && !WITHOUT_BTF.has(spec.type);
  let fd = create(spec, makers, innerFd, typed);
  if (fd < 0 && typed) fd = create(spec, makers, innerFd, false);
  if (innerFd > 0) closeFd(innerFd);
  if (fd < 0) return kernelRefusal('load', -fd, `map ${spec.name}: the kernel refuses to create it`, {});
  const map = describe(spec, fd, makers.cpus);
  const filled = fill(map);
  if (filled < 0) {
    closeFd(fd);
    return kernelRefusal('load', -filled, `map ${spec.name}: the kernel refuses its initial content`, {});
  }
  return map;
}

function describe(spec: MapSpec, fd: number, cpus: number): KernelMap {
  const percpu = PERCPU.has(spec.type);
  const rounded = Math.ceil(spec.value_size / 8) * 8;
  return {
    ...{ spec, fd, type: spec.type, key_size: spec.key_size, value_size: spec.value_size, percpu },
    user_value_size: percpu ? rounded * cpus : spec.value_size,
    max_entries: entriesOf(spec, cpus),
  };
}

/** Puts the section's bytes into a data section's map. */
function fill(map: KernelMap): number {
  if (map.spec.data === null) return 0;
  const value = new Uint8Array(map.value_size);
  value.set(map.spec.data.subarray(0, value.length));
  return bpf('MAP_UPDATE_ELEM', { map_fd: map.fd, key: new Uint8Array(4), value });
}

/** Whether libbpf freezes the map before programs load, so that the verifier knows its content. */
export function isFrozen(spec: MapSpec): boolean {
  return spec.data !== null && (spec.section.startsWith('.rodata') || spec.section === '.kconfig');
}

/** BPF_MAP_FREEZE; a sentence when the kernel refuses. */
export function freeze(map: KernelMap): Refusal | null {
  const result = bpf('MAP_FREEZE', { map_fd: map.fd });
  if (result === 0) return null;
  return kernelRefusal('load', -result, `map ${map.spec.name}: cannot be frozen`, {});
}
