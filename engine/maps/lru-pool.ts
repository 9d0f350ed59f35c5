/** Slots of an LRU map: which is free, which is evicted next; one LRU shared by all CPUs or one each (BPF_F_NO_COMMON_LRU). */
import { type LruGroup, LruLists, ON, type SavedLists } from './lru-lists.ts';

/** LOCAL_FREE_TARGET, and as many scans */
const LOCAL_TARGET = 128;
/** PERCPU_FREE_TARGET, and as many scans */
const PERCPU_TARGET = 4;

export interface SavedLru {
  readonly lists: SavedLists;
  readonly groups: readonly { readonly counts: [number, number]; readonly rotation: number; readonly fresh: number }[];
  readonly steal: Int32Array;
  readonly high: number;
}

export abstract class LruPool {
  protected readonly lists: LruLists;
  protected readonly groups: readonly LruGroup[];
  protected readonly cpus: number;
  /** CPU each CPU steals from next. */
  protected readonly steal: Int32Array;
  /** Slots from here on were never used. */
  private high = 0;

  constructor(lists: LruLists, groups: readonly LruGroup[], cpus: number) {
    this.lists = lists;
    this.groups = groups;
    this.cpus = cpus;
    this.steal = Int32Array.from({ length: cpus }, (_, cpu) => cpu);
  }

  /** A slot for a new element (bpf_lru_pop_free), after evicting others where none is free; -1 when that failed. */
  abstract take(cpu: number): number;

  /** Gives a slot back whose element is out of the hash (bpf_lru_push_free). */
  abstract give(slot: number): void;

  /** The element was used (bpf_lru_node_set_ref). */
  touch(slot: number): void {
    this.lists.reference(slot + this.lists.heads);
  }

  /** A node from the end of a group's free list that was never used, or -1. */
  protected fresh(group: LruGroup): number {
    if (group.fresh === 0) return -1;
    group.fresh--;
    return this.lists.ensure(this.high++);
  }

  save(): SavedLru {
    const groups = this.groups.map(({ counts: [a, b], rotation, fresh }) => ({
      counts: [a, b] as [number, number],
      rotation,
      fresh,
    }));
    return { lists: this.lists.save(this.high), groups, steal: this.steal.slice(), high: this.high };
  }

  restore(saved: SavedLru): void {
    this.lists.restore(saved.lists);
    for (const [i, group] of this.groups.entries()) {
      const { counts, rotation, fresh } = saved.groups[i]!;
      group.counts[0] = counts[0];
      group.counts[1] = counts[1];
      group.rotation = rotation;
      group.fresh = fresh;
    }
    this.steal.set(saved.steal);
    this.high = saved.high;
  }
}

function group(firstHead: number, fresh: number): LruGroup {
  const heads = [firstHead, firstHead + 1, firstHead + 2] as const;
  return { heads, counts: [0, 0], rotation: heads[1], fresh };
}

/** One LRU; each CPU takes free nodes from it by the batch and hands new elements to it by the batch. */
export class CommonLru extends LruPool {
  private readonly target: number;

  constructor(entries: number, cpus: number, evict: (slot: number) => boolean) {
    super(new LruLists(3 + cpus * 2, LOCAL_TARGET, evict), [group(0, entries)], cpus);
    this.target = Math.min(Math.max(Math.floor(Math.floor(entries / cpus) / 2), 1), LOCAL_TARGET);
  }

  private localFree(cpu: number): number {
    return 3 + cpu * 2;
  }

  private pending(cpu: number): number {
    return 4 + cpu * 2;
  }

  override take(cpu: number): number {
    let node = this.popFree(cpu);
    if (node < 0) {
      this.refill(cpu);
      node = this.popFree(cpu);
    }
    if (node < 0) node = this.stealFor(cpu);
    if (node < 0) return -1;
    this.lists.mark(node, ON.PENDING, cpu);
    this.lists.addFirst(this.pending(cpu), node);
    return node - this.lists.heads;
  }

  private popFree(cpu: number): number {
    const head = this.localFree(cpu);
    if (this.lists.empty(head)) return -1;
    const node = this.lists.next(head);
    this.lists.unlink(node);
    return node;
  }

  /** bpf_lru_list_pop_free_to_local */
  private refill(cpu: number): void {
    const { lists } = this;
    const shared = this.groups[0]!;
    const pending = this.pending(cpu);
    while (!lists.empty(pending)) lists.moveIn(shared, lists.prev(pending));
    lists.rotate(shared);
    const head = this.localFree(cpu);
    let got = 0;
    while (got < this.target && !lists.empty(shared.heads[2])) {
      lists.moveToFree(shared, lists.next(shared.heads[2]), head, ON.LOCAL_FREE);
      got++;
    }
    for (; got < this.target; got++) {
      const node = this.fresh(shared);
      if (node < 0) break;
      lists.mark(node, ON.LOCAL_FREE, cpu);
      lists.addFirst(head, node);
    }
    if (got < this.target) lists.shrink(shared, this.target - got, head, ON.LOCAL_FREE);
  }

  /** Takes a free or pending node of this or another CPU, round robin. */
  private stealFor(cpu: number): number {
    const first = this.steal[cpu]!;
    let from = first;
    let node = -1;
    do {
      node = this.popFree(from);
      if (node < 0) node = this.lists.evictPending(this.pending(from));
      from = from + 1 === this.cpus ? 0 : from + 1;
    } while (node < 0 && from !== first);
    this.steal[cpu] = from;
    return node;
  }

  override give(slot: number): void {
    const node = slot + this.lists.heads;
    if (this.lists.on(node) !== ON.PENDING) {
      this.lists.move(this.groups[0]!, node, ON.FREE);
      return;
    }
    const cpu = this.lists.cpuOf(node);
    this.lists.mark(node, ON.LOCAL_FREE, cpu);
    this.lists.unlink(node);
    this.lists.addFirst(this.localFree(cpu), node);
  }
}

/** An LRU for each CPU, which evicts only what was added on it. */
export class PercpuLru extends LruPool {
  constructor(entries: number, cpus: number, evict: (slot: number) => boolean) {
    const each = Math.floor(entries / cpus);
    const groups = Array.from({ length: cpus }, (_, cpu) => group(cpu * 3, each));
    super(new LruLists(cpus * 3, PERCPU_TARGET, evict), groups, cpus);
  }

  override take(cpu: number): number {
    const { lists } = this;
    const own = this.groups[cpu]!;
    const free = own.heads[2];
    lists.rotate(own);
    if (lists.empty(free)) this.addFresh(own, cpu);
    if (lists.empty(free)) lists.shrink(own, PERCPU_TARGET, free, ON.FREE);
    if (lists.empty(free)) return -1;
    const node = lists.next(free);
    lists.move(own, node, ON.INACTIVE);
    return node - lists.heads;
  }

  private addFresh(own: LruGroup, cpu: number): void {
    const node = this.fresh(own);
    if (node < 0) return;
    this.lists.mark(node, ON.FREE, cpu);
    this.lists.addFirst(own.heads[2], node);
  }

  override give(slot: number): void {
    const node = slot + this.lists.heads;
    this.lists.move(this.groups[this.lists.cpuOf(node)]!, node, ON.FREE);
  }
}
