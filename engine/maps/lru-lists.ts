/** Linked lists of LRU nodes and the moves on them that shared and per-CPU LRUs have in common (kernel/bpf/bpf_lru_list.c). */
import { grown } from './hash-index.ts';

/** Kinds of list a node can be on; the first two are counted. */
export const ON = { ACTIVE: 0, INACTIVE: 1, FREE: 2, LOCAL_FREE: 3, PENDING: 4 } as const;

/** Heads of one LRU's lists, with its counts and where the next scan of the inactive list starts. */
export interface LruGroup {
  readonly heads: readonly [active: number, inactive: number, free: number];
  readonly counts: [active: number, inactive: number];
  rotation: number;
  /** Nodes never used yet: the far end of the free list. */
  fresh: number;
}

export interface SavedLists {
  readonly links: Int32Array;
  readonly marks: Int32Array;
}

/**
 * Nodes are numbers; the first `heads` of them are list heads, the rest slots. `links` holds next and prev side by side,
 * `marks` the list, the reference bit and the CPU of each node.
 */
export class LruLists {
  readonly heads: number;
  private links: Int32Array<ArrayBuffer>;
  private marks: Int32Array<ArrayBuffer>;
  /** Takes the element out of the hash; false when the node holds none. */
  private readonly evict: (slot: number) => boolean;
  private readonly scans: number;

  constructor(heads: number, scans: number, evict: (slot: number) => boolean) {
    this.heads = heads;
    this.scans = scans;
    this.evict = evict;
    this.links = new Int32Array((heads + 32) * 2);
    this.marks = new Int32Array(heads + 32);
    for (let head = 0; head < heads; head++) this.links[head * 2] = this.links[head * 2 + 1] = head;
  }

  /** Node of a slot that may never have been seen. */
  ensure(slot: number): number {
    const node = slot + this.heads;
    if (node >= this.marks.length) {
      this.links = grown(this.links, (node + 1) * 2);
      this.marks = grown(this.marks, node + 1);
    }
    return node;
  }

  next(node: number): number {
    return this.links[node * 2]!;
  }

  prev(node: number): number {
    return this.links[node * 2 + 1]!;
  }

  empty(head: number): boolean {
    return this.links[head * 2] === head;
  }

  unlink(node: number): void {
    const next = this.links[node * 2]!;
    const prev = this.links[node * 2 + 1]!;
    this.links[prev * 2] = next;
    this.links[next * 2 + 1] = prev;
  }

  addFirst(head: number, node: number): void {
    const first = this.links[head * 2]!;
    this.links[node * 2] = first;
    this.links[node * 2 + 1] = head;
    this.links[first * 2 + 1] = node;
    this.links[head * 2] = node;
  }

  on(node: number): number {
    return this.marks[node]! & 7;
  }

  referenced(node: number): boolean {
    return (this.marks[node]! & 8) !== 0;
  }

  reference(node: number): void {
    this.marks[node]! |= 8;
  }

  cpuOf(node: number): number {
    return this.marks[node]! >> 4;
  }

  /** Puts a node on a list's kind and CPU, with its reference bit clear. */
  mark(node: number, on: number, cpu: number): void {
    this.marks[node] = on | (cpu << 4);
  }

  private setOn(node: number, on: number, keepReference: boolean): void {
    this.marks[node] = (this.marks[node]! & (keepReference ? ~7 : ~15)) | on;
  }

  /** Moves a node between or within the lists of a group (__bpf_lru_node_move). */
  move(group: LruGroup, node: number, to: number): void {
    const from = this.on(node);
    if (from < ON.FREE) group.counts[from as 0 | 1]--;
    if (to < ON.FREE) group.counts[to as 0 | 1]++;
    this.leaveRotation(group, node);
    this.setOn(node, to, false);
    this.unlink(node);
    this.addFirst(group.heads[to as 0 | 1 | 2], node);
  }

  private leaveRotation(group: LruGroup, node: number): void {
    if (group.rotation === node) group.rotation = this.prev(node);
  }

  /** Moves a node of a group to a free list, the group's own or a CPU's (__bpf_lru_node_move_to_free). */
  moveToFree(group: LruGroup, node: number, head: number, on: number): void {
    const from = this.on(node);
    if (from < ON.FREE) group.counts[from as 0 | 1]--;
    this.leaveRotation(group, node);
    this.setOn(node, on, true);
    this.unlink(node);
    this.addFirst(head, node);
  }

  /** Moves a pending node into a group's active or inactive list (__bpf_lru_node_move_in). */
  moveIn(group: LruGroup, node: number): void {
    const to = this.referenced(node) ? ON.ACTIVE : ON.INACTIVE;
    group.counts[to]++;
    this.setOn(node, to, false);
    this.unlink(node);
    this.addFirst(group.heads[to], node);
  }

  /** Ages the active list if it outgrew the inactive one, and gives referenced inactive nodes another round (__bpf_lru_list_rotate). */
  rotate(group: LruGroup): void {
    if (group.counts[1] < group.counts[0]) this.rotateActive(group);
    this.rotateInactive(group);
  }

  private rotateActive(group: LruGroup): void {
    const head = group.heads[0];
    const first = this.next(head);
    let node = this.prev(head);
    for (let i = 1; node !== head; i++) {
      const before = this.prev(node);
      this.move(group, node, this.referenced(node) ? ON.ACTIVE : ON.INACTIVE);
      if (i === this.scans || node === first) return;
      node = before;
    }
  }

  private rotateInactive(group: LruGroup): void {
    const head = group.heads[1];
    if (this.empty(head)) return;
    let last = this.next(group.rotation);
    if (last === head) last = this.next(last);
    let at = group.rotation;
    let next = head;
    for (let i = 0; i < this.scans; ) {
      if (at === head) {
        at = this.prev(at);
        continue;
      }
      next = this.prev(at);
      if (this.referenced(at)) this.move(group, at, ON.ACTIVE);
      if (at === last) break;
      at = next;
      i++;
    }
    group.rotation = next;
  }

  /** Evicts up to `wanted` nodes to a free list, at least one if there is any; gives how many (__bpf_lru_list_shrink). */
  shrink(group: LruGroup, wanted: number, head: number, on: number): number {
    return this.shrinkInactive(group, wanted, head, on) || this.shrinkForced(group, head, on);
  }

  private shrinkInactive(group: LruGroup, wanted: number, head: number, on: number): number {
    const inactive = group.heads[1];
    let evicted = 0;
    let node = this.prev(inactive);
    for (let i = 1; node !== inactive; i++) {
      const before = this.prev(node);
      if (this.referenced(node)) {
        this.move(group, node, ON.ACTIVE);
      } else if (this.evict(node - this.heads)) {
        this.moveToFree(group, node, head, on);
        if (++evicted === wanted) break;
      }
      if (i === this.scans) break;
      node = before;
    }
    return evicted;
  }

  /** Evicts one node without regard to its reference bit. */
  private shrinkForced(group: LruGroup, head: number, on: number): number {
    const from = this.empty(group.heads[1]) ? group.heads[0] : group.heads[1];
    for (let node = this.prev(from); node !== from; node = this.prev(node)) {
      if (!this.evict(node - this.heads)) continue;
      this.moveToFree(group, node, head, on);
      return 1;
    }
    return 0;
  }

  /** Evicts the oldest pending node, one without reference bit if there is any; -1 when there is none (__local_list_pop_pending). */
  evictPending(head: number): number {
    for (const force of [false, true]) {
      for (let node = this.prev(head); node !== head; node = this.prev(node)) {
        if ((force || !this.referenced(node)) && this.evict(node - this.heads)) {
          this.unlink(node);
          return node;
        }
      }
    }
    return -1;
  }

  save(slots: number): SavedLists {
    const nodes = this.heads + slots;
    return { links: this.links.slice(0, nodes * 2), marks: this.marks.slice(0, nodes) };
  }

  restore(saved: SavedLists): void {
    this.links.set(saved.links);
    this.marks.set(saved.marks);
  }
}
