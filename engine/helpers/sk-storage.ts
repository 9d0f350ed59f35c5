/** bpf_sk_storage_get and bpf_sk_storage_delete (net/core/bpf_sk_storage.c): values that sockets carry. */
import { FAULT, KOBJ, REGION } from '../layout.ts';
import { PACKET_SOCKET, SkStorage } from '../maps/sk-storage.ts';
import { TCP } from '../net/netns.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { badMap, u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const F_CREATE = 1;

/** Name of a socket in such maps; undefined: it is no full socket, or (after a fault) none at all. */
function socketName(rc: RunCtx, sk: number): number | undefined {
  const address = sk >>> 0;
  if (address === 0) return undefined;
  if (address === KOBJ.SKB_SOCK) return PACKET_SOCKET;
  const socket = rc.sockets.at(address);
  if (socket === undefined) {
    rc.fault(FAULT.BAD_ARGUMENT, address, 0, false, REGION.SOCK);
    return undefined;
  }
  return socket.state === TCP.TIME_WAIT || socket.state === TCP.NEW_SYN_RECV ? undefined : socket.cookie;
}

const get: HelperMaker = (rc) => (handle, sk, value, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof SkStorage)) return badMap(rc, handle!);
  const flags = u64(flagsLo!, flagsHi!);
  const name = socketName(rc, sk!);
  if (name === undefined || flags > F_CREATE) return 0;
  const found = map.find(name);
  if (found !== 0 || flags !== F_CREATE) return found;
  const from = value! >>> 0;
  return from === 0 || checkRead(rc, from, map.def.value_size) ? map.make(name, from) : 0;
};

const remove: HelperMaker = (rc) => (handle, sk) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof SkStorage)) return badMap(rc, handle!);
  const name = socketName(rc, sk!);
  return name === undefined ? -ERRNO.EINVAL : map.remove(name);
};

/** By helper name. */
export const SK_STORAGE_HELPERS: Readonly<Record<string, HelperMaker>> = {
  sk_storage_get: get,
  sk_storage_delete: remove,
};
