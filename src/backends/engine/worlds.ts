/** Worlds that the engine keeps loaded, over all objects: the one that was used longest ago makes room, and its memory serves the next. */
import type { LoadedObject } from '../../../engine/index.ts';

/**
 * JavaScriptCore lets a process have eight memories whose accesses need no check of their own; more are slow, and each costs
 * milliseconds. Two may wait for the next world.
 */
const WORLDS_MAX = 6;

interface Kept<W> {
  readonly path: string;
  readonly world: W;
}

export class EngineWorlds<W extends { readonly object: LoadedObject }> {
  /** The one used longest ago first. */
  private readonly kept = new Map<string, Kept<W>>();

  private keyOf(path: string, shape: string): string {
    return `${shape} ${path}`;
  }

  /** The world kept for an object and what shapes it. */
  get(path: string, shape: string): W | undefined {
    const key = this.keyOf(path, shape);
    const found = this.kept.get(key);
    if (found === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found.world;
  }

  /** Lets go of one world, if there is one of the shape, or of the one used longest ago where there are too many for another. */
  makeRoom(path: string, shape: string): void {
    this.drop(this.keyOf(path, shape));
    const [oldest] = this.kept.keys();
    if (this.kept.size >= WORLDS_MAX && oldest !== undefined) this.drop(oldest);
  }

  /** Call makeRoom before the world is made, so that it gets the memory of the one that goes. */
  add(path: string, shape: string, world: W): void {
    this.kept.set(this.keyOf(path, shape), { path, world });
  }

  /** Lets go of an object's worlds. */
  forget(path: string): void {
    for (const [key, kept] of [...this.kept]) if (kept.path === path) this.drop(key);
  }

  clear(): void {
    for (const key of [...this.kept.keys()]) this.drop(key);
  }

  private drop(key: string): void {
    this.kept.get(key)?.world.object.release();
    this.kept.delete(key);
  }
}
