/** The smallest map of each type, created to see which types the running kernel has. */
import { ERRNO, MAP_FLAG, MAP_TYPE } from '../../../engine/index.ts';
import { type AttrValue, bpf } from './attr.ts';
import { closeFd } from './syscall.ts';

type CreateValues = Readonly<Record<string, AttrValue>>;

/** A multiple of every page size. */
const RING_BYTES = 1 << 16;
const PLAIN: CreateValues = { key_size: 4, value_size: 4, max_entries: 1 };
const VALUES_ONLY: CreateValues = { key_size: 0, value_size: 4, max_entries: 1 };
const RING: CreateValues = { key_size: 0, value_size: 0, max_entries: RING_BYTES };
const CGROUP_STORAGE: CreateValues = { key_size: 8, value_size: 4, max_entries: 0 };

/** What deviates from four bytes of key, four of value and one element. */
const SHAPES: Readonly<Record<number, CreateValues>> = {
  [MAP_TYPE.STACK_TRACE]: { ...PLAIN, value_size: 8 },
  [MAP_TYPE.LPM_TRIE]: { ...PLAIN, key_size: 8, map_flags: MAP_FLAG.NO_PREALLOC },
  [MAP_TYPE.CGROUP_STORAGE]: CGROUP_STORAGE,
  [MAP_TYPE.PERCPU_CGROUP_STORAGE]: CGROUP_STORAGE,
  [MAP_TYPE.QUEUE]: VALUES_ONLY,
  [MAP_TYPE.STACK]: VALUES_ONLY,
  [MAP_TYPE.BLOOM_FILTER]: VALUES_ONLY,
  [MAP_TYPE.RINGBUF]: RING,
  [MAP_TYPE.USER_RINGBUF]: RING,
  [MAP_TYPE.STRUCT_OPS]: { ...PLAIN, btf_vmlinux_value_type_id: 1 },
  [MAP_TYPE.ARENA]: { key_size: 0, value_size: 0, max_entries: 1, map_flags: MAP_FLAG.MMAPABLE },
};
/** Types that want BTF for key and value, and no number of elements. */
const STORAGE: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.SK_STORAGE, MAP_TYPE.INODE_STORAGE, MAP_TYPE.TASK_STORAGE, MAP_TYPE.CGRP_STORAGE],
]);
const NESTED: ReadonlySet<number> = new Set([MAP_TYPE.ARRAY_OF_MAPS, MAP_TYPE.HASH_OF_MAPS]);

/** BTF of one type, `int`. */
function intBtf(): Uint8Array {
  const strings = new TextEncoder().encode('\0int\0');
  const bytes = new Uint8Array(24 + 16 + strings.length);
  const words = [0x0001_eb9f, 24, 0, 16, 16, strings.length, 1, 1 << 24, 4, (1 << 24) | 32];
  words.forEach((word, at) => {
    new DataView(bytes.buffer).setUint32(at * 4, word, true);
  });
  bytes.set(strings, 40);
  return bytes;
}

/** Creates with what is open only meanwhile: an inner map, or BTF. */
function createWith(type: number, values: CreateValues, name: 'inner_map_fd' | 'btf_fd', fd: number): number {
  if (fd < 0) return fd;
  const made = bpf('MAP_CREATE', { map_type: type, ...values, [name]: fd });
  closeFd(fd);
  return made;
}

function create(type: number): number {
  if (NESTED.has(type)) {
    return createWith(type, PLAIN, 'inner_map_fd', bpf('MAP_CREATE', { map_type: MAP_TYPE.ARRAY, ...PLAIN }));
  }
  if (STORAGE.has(type)) {
    const btf = intBtf();
    const typed = { btf_key_type_id: 1, btf_value_type_id: 1, map_flags: MAP_FLAG.NO_PREALLOC };
    const fd = bpf('BTF_LOAD', { btf, btf_size: btf.length });
    return createWith(type, { ...PLAIN, max_entries: 0, ...typed }, 'btf_fd', fd);
  }
  return bpf('MAP_CREATE', { map_type: type, ...(SHAPES[type] ?? PLAIN) });
}

/** What trying one map type showed; `supported` null: this user may not try. */
export interface MapTrial {
  readonly supported: boolean | null;
  readonly errno: number;
}

/** Creates the smallest map of a type, and closes it. */
export function tryMapType(type: number): MapTrial {
  const fd = create(type);
  if (fd >= 0) closeFd(fd);
  // The value's type is no struct_ops, which only a kernel with the map type finds out.
  if (fd >= 0 || (type === MAP_TYPE.STRUCT_OPS && fd === -ERRNO.ENOTSUPP)) return { supported: true, errno: 0 };
  return { supported: fd === -ERRNO.EPERM ? null : false, errno: -fd };
}
