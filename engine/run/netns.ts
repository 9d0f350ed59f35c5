/** Puts a world into a network namespace: the one described, or a fresh one. */
import { ok, type Result } from '../errors.ts';
import type { LoadedObject } from '../load/types.ts';
import { FRESH_NETNS } from '../load/world.ts';
import type { Netns } from '../net/netns.ts';
import { readNetns } from '../net/netns-read.ts';
import type { NetnsSpec } from '../net/netns-spec.ts';

const known = new WeakMap<NetnsSpec, Netns>();

/** What is wrong with a description, in one sentence that names the field; null when nothing is. */
export function netnsProblem(spec: NetnsSpec): string | null {
  const read = readNetns(spec);
  return read.ok ? null : read.error.message;
}

/** What updates of an object's maps see from now on, and a run that says the same; BPF_PROG_RUN enters its own by itself; refuses, naming the field, a description that is none. */
export function enterNetns({ world }: Pick<LoadedObject, 'world'>, spec: NetnsSpec | undefined): Result<null> {
  const { rc } = world;
  let netns = spec === undefined ? FRESH_NETNS : known.get(spec);
  if (netns === undefined) {
    const read = readNetns(spec!);
    if (!read.ok) return read;
    netns = read.value;
    known.set(spec!, netns);
  }
  rc.netns = netns;
  rc.sockets.use(netns.sockets);
  return ok(null);
}
