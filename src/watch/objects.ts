/** The objects of a project while they are watched: which changed, which are gone, which are still being written. */
import { readFileSync } from 'node:fs';
import { isWholeElf } from '../elf-complete.ts';
import { signature } from './files.ts';

/** A half-written object gets this long to become whole, from its last change on. */
export const GRACE_MS = 500;
export const RETRY_MS = 20;

export type ObjectState = 'whole' | 'missing' | 'writing' | 'damaged';

interface Known {
  signature: string;
  state: ObjectState;
  /** When it was first seen half written, 0 otherwise. */
  since: number;
}

export interface ObjectChange {
  readonly path: string;
  readonly before: ObjectState;
  readonly state: ObjectState;
  /** Content, when it is there and worth opening. */
  readonly bytes: Uint8Array | null;
}

export class WatchedObjects {
  private readonly known = new Map<string, Known>();

  /** Starts or stops to look at objects; gives the changes of those that are new. */
  set(paths: Iterable<string>, now: number): ObjectChange[] {
    const wanted = new Set(paths);
    for (const path of this.known.keys()) if (!wanted.has(path)) this.known.delete(path);
    const fresh = [...wanted].filter((path) => !this.known.has(path));
    for (const path of fresh) this.known.set(path, { signature: 'new', state: 'missing', since: 0 });
    return fresh.flatMap((path) => this.check(path, now) ?? []);
  }

  has(path: string): boolean {
    return this.known.has(path);
  }

  paths(): string[] {
    return [...this.known.keys()];
  }

  /** Objects that are there in part: look again soon. */
  get writing(): string[] {
    return [...this.known].filter(([, one]) => one.state === 'writing').map(([path]) => path);
  }

  /** Objects that cannot be run now. */
  absent(): Map<string, 'missing' | 'damaged'> {
    const out = new Map<string, 'missing' | 'damaged'>();
    for (const [path, { state }] of this.known) if (state === 'missing' || state === 'damaged') out.set(path, state);
    return out;
  }

  /** Looks at one object; null when nothing changed since the last look. */
  check(path: string, now: number): ObjectChange | null {
    const one = this.known.get(path);
    if (!one) return null;
    const is = signature(path);
    const changed = is !== one.signature;
    if (!changed && one.state !== 'writing') return null;
    const before = one.state;
    const first = one.signature === 'new';
    one.signature = is;
    if (changed) one.since = now;
    const bytes = is === '' ? null : read(path);
    one.state = stateOf(bytes, now - one.since);
    if (one.state === before && before !== 'whole' && !first) return null;
    return { path, before, state: one.state, bytes: one.state === 'writing' ? null : bytes };
  }
}

function stateOf(bytes: Uint8Array | null, waited_ms: number): ObjectState {
  if (!bytes) return 'missing';
  if (isWholeElf(bytes)) return 'whole';
  return waited_ms < GRACE_MS ? 'writing' : 'damaged';
}

function read(path: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return null;
  }
}
