/** The map helpers every program type may call (kernel/bpf/helpers.c), from the program's pointers to the map's own operations. */
import { FAULT, PRIV, REGION } from '../layout.ts';
import { type BpfMap, NOT_ALLOWED } from '../maps/map.ts';
import { SockMap } from '../maps/sock-map.ts';
import { StorageMap } from '../maps/storage.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const FAULT_MAP = PRIV.FAULT_MAP >> 2;

/** The argument is no map, or a map of a kind that the helper does not take. */
export function badMap(rc: RunCtx, handle: number): 0 {
  rc.fault(FAULT.BAD_ARGUMENT, handle >>> 0, 0, false, REGION.NONE);
  rc.mem.u32[FAULT_MAP] = handle >>> 0;
  return 0;
}

/** A u64 argument as a number: exact up to 2^53, and anything above is far beyond every flag and size. */
export function u64(lo: number, hi: number): number {
  return hi === 0 ? lo >>> 0 : (hi >>> 0) * 2 ** 32 + (lo >>> 0);
}

function result(rc: RunCtx, handle: number, value: number): number {
  return value === NOT_ALLOWED ? badMap(rc, handle) : value;
}

/** Maps whose values programs must not write (BPF_F_RDONLY_PROG) take no update, push, pop or deletion from them. */
function writableMap(rc: RunCtx, handle: number): BpfMap | undefined {
  const map = rc.host.byHandle(handle);
  if (map?.writable === true) return map;
  badMap(rc, handle);
  return undefined;
}

const lookup: HelperMaker = (rc) => (handle, key) => {
  const map = rc.host.byHandle(handle!);
  if (map === undefined) return badMap(rc, handle!);
  if (!checkRead(rc, key!, map.def.key_size)) return 0;
  const found = result(rc, handle!, map.lookup(key! >>> 0));
  // A socket that is found is held until bpf_sk_release.
  if (found !== 0 && map instanceof SockMap) rc.socketsHeld++;
  return found;
};

const lookupPercpu: HelperMaker = (rc) => (handle, key, cpu) => {
  const map = rc.host.byHandle(handle!);
  if (map === undefined) return badMap(rc, handle!);
  return checkRead(rc, key!, map.def.key_size) ? result(rc, handle!, map.lookupCpu(key! >>> 0, cpu! >>> 0)) : 0;
};

const update: HelperMaker = (rc) => (handle, key, value, flagsLo, flagsHi) => {
  const map = writableMap(rc, handle!);
  if (map === undefined) return 0;
  const { def } = map;
  if (!checkRead(rc, key!, def.key_size) || !checkRead(rc, value!, def.value_size)) return 0;
  return result(rc, handle!, map.update(key! >>> 0, value! >>> 0, u64(flagsLo!, flagsHi!)));
};

const remove: HelperMaker = (rc) => (handle, key) => {
  const map = writableMap(rc, handle!);
  if (map === undefined) return 0;
  return checkRead(rc, key!, map.def.key_size) ? result(rc, handle!, map.delete(key! >>> 0)) : 0;
};

const push: HelperMaker = (rc) => (handle, value, flagsLo, flagsHi) => {
  const map = writableMap(rc, handle!);
  if (map === undefined) return 0;
  if (!checkRead(rc, value!, map.def.value_size)) return 0;
  return result(rc, handle!, map.push(value! >>> 0, u64(flagsLo!, flagsHi!)));
};

const pop: HelperMaker = (rc) => (handle, value) => {
  const map = writableMap(rc, handle!);
  if (map === undefined) return 0;
  return checkWrite(rc, value!, map.def.value_size) ? result(rc, handle!, map.pop(value! >>> 0)) : 0;
};

const peek: HelperMaker = (rc) => (handle, value) => {
  const map = rc.host.byHandle(handle!);
  if (map === undefined) return badMap(rc, handle!);
  // A bloom filter is asked about the value; the others write theirs there.
  const check = map.def.type === MAP_TYPE.BLOOM_FILTER ? checkRead : checkWrite;
  return check(rc, value!, map.def.value_size) ? result(rc, handle!, map.peek(value! >>> 0)) : 0;
};

const localStorage: HelperMaker = (rc) => (handle) => {
  const map = rc.host.byHandle(handle!);
  return map instanceof StorageMap ? map.storage() : badMap(rc, handle!);
};

/** By helper name. */
export const MAP_HELPERS: Readonly<Record<string, HelperMaker>> = {
  map_lookup_elem: lookup,
  map_lookup_percpu_elem: lookupPercpu,
  map_update_elem: update,
  map_delete_elem: remove,
  map_push_elem: push,
  map_pop_elem: pop,
  map_peek_elem: peek,
  get_local_storage: localStorage,
};
