/** The order in which a hash map's elements are walked: a doubly linked list of slots, oldest first, that may change under a walk. */
import { grown } from './hash-index.ts';

export type SavedOrder = { readonly next: Int32Array; readonly prev: Int32Array } | null;

/** Links hold slot + 1; entry 0 is the head. */
export class SlotOrder {
  private next = new Int32Array(32);
  private prev = new Int32Array(32);
  /** Where each running walk goes next, innermost last. */
  private readonly cursors: number[] = [];

  append(slot: number): void {
    const at = slot + 1;
    if (at >= this.next.length) {
      this.next = grown(this.next, at + 1);
      this.prev = grown(this.prev, at + 1);
    }
    const last = this.prev[0]!;
    this.next[last] = at;
    this.prev[at] = last;
    this.next[at] = 0;
    this.prev[0] = at;
  }

  remove(slot: number): void {
    const at = slot + 1;
    const next = this.next[at]!;
    this.next[this.prev[at]!] = next;
    this.prev[next] = this.prev[at]!;
    if (this.cursors.length !== 0) this.moveCursors(at, next);
  }

  /** Puts a slot in another's place. */
  replace(slot: number, by: number): void {
    this.append(by);
    const at = by + 1;
    this.next[this.prev[at]!] = 0;
    this.prev[0] = this.prev[at]!;
    const old = slot + 1;
    const before = this.prev[old]!;
    const after = this.next[old]!;
    this.next[before] = at;
    this.prev[at] = before;
    this.next[at] = after;
    this.prev[after] = at;
    if (this.cursors.length !== 0) this.moveCursors(old, at);
  }

  private moveCursors(from: number, to: number): void {
    for (let i = 0; i < this.cursors.length; i++) if (this.cursors[i] === from) this.cursors[i] = to;
  }

  /** Visits slots until `visit` returns true; gives the number visited. Removals and replacements meanwhile are followed. */
  walk(visit: (slot: number) => boolean): number {
    const level = this.cursors.length;
    this.cursors.push(this.next[0]!);
    let visited = 0;
    try {
      for (let at = this.cursors[level]!; at !== 0; at = this.cursors[level]!) {
        this.cursors[level] = this.next[at]!;
        visited++;
        if (visit(at - 1)) break;
      }
      return visited;
    } finally {
      this.cursors.length = level;
    }
  }

  slots(): number[] {
    const slots: number[] = [];
    for (let at = this.next[0]!; at !== 0; at = this.next[at]!) slots.push(at - 1);
    return slots;
  }

  save(): SavedOrder {
    return this.next[0] === 0 ? null : { next: this.next.slice(), prev: this.prev.slice() };
  }

  restore(saved: SavedOrder): void {
    if (saved === null) {
      this.next[0] = 0;
      this.prev[0] = 0;
    } else {
      this.next = saved.next.slice();
      this.prev = saved.prev.slice();
    }
  }
}
