/** struct ptr_ring (include/linux/ptr_ring.h) in linear memory: a FIFO whose consumer frees places several at a time. */
import type { WorldMemory } from '../memory.ts';
import { RING_AT } from './live-layout.ts';

/** SMP_CACHE_BYTES * 2 / sizeof(void *) */
const BATCH = 16;

const SIZE = RING_AT.SIZE >>> 2;
const BATCH_AT = RING_AT.BATCH >>> 2;
const PRODUCER = RING_AT.PRODUCER >>> 2;
const HEAD = RING_AT.HEAD >>> 2;
const TAIL = RING_AT.TAIL >>> 2;
const QUEUE = RING_AT.QUEUE >>> 2;

export class PtrRing {
  private readonly mem: WorldMemory;
  /** Word index of the ring. */
  private readonly at: number;

  /** `queue`: address of room for the largest size that init() will be given. */
  constructor(mem: WorldMemory, address: number, queue: number) {
    this.mem = mem;
    this.at = address >>> 2;
    mem.u32[this.at + QUEUE] = queue;
  }

  /** ptr_ring_init */
  init(size: number): void {
    const { u32 } = this.mem;
    const { at } = this;
    u32[at + SIZE] = size;
    u32[at + BATCH_AT] = BATCH > size >>> 1 ? 1 : BATCH;
    u32[at + PRODUCER] = 0;
    u32[at + HEAD] = 0;
    u32[at + TAIL] = 0;
    const queue = u32[at + QUEUE]! >>> 2;
    u32.fill(0, queue, queue + size);
  }

  /** Address of the entries. */
  get queue(): number {
    return this.mem.u32[this.at + QUEUE]!;
  }

  get size(): number {
    return this.mem.u32[this.at + SIZE]!;
  }

  /** Entries that consume() would give. */
  get count(): number {
    const { u32 } = this.mem;
    const head = u32[this.at + HEAD]!;
    if (u32[(u32[this.at + QUEUE]! >>> 2) + head] === 0) return 0;
    const count = u32[this.at + PRODUCER]! - head;
    return count > 0 ? count : count + u32[this.at + SIZE]!;
  }

  /** __ptr_ring_produce: false when there is no place. */
  produce(entry: number): boolean {
    const { u32 } = this.mem;
    const { at } = this;
    const size = u32[at + SIZE]!;
    const producer = u32[at + PRODUCER]!;
    const place = (u32[at + QUEUE]! >>> 2) + producer;
    if (size === 0 || u32[place] !== 0) return false;
    u32[place] = entry;
    u32[at + PRODUCER] = producer + 1 >= size ? 0 : producer + 1;
    return true;
  }

  /** __ptr_ring_consume: 0 when the ring is empty. */
  consume(): number {
    const { u32 } = this.mem;
    const { at } = this;
    const head = u32[at + HEAD]!;
    const queue = u32[at + QUEUE]! >>> 2;
    const entry = u32[queue + head]!;
    if (entry !== 0) this.discard(queue, head);
    return entry;
  }

  /** __ptr_ring_discard_one: consumed places are freed when there are `batch` of them, or at the end of the ring. */
  private discard(queue: number, head: number): void {
    const { u32 } = this.mem;
    const { at } = this;
    const size = u32[at + SIZE]!;
    const tail = u32[at + TAIL]!;
    let next = head + 1;
    if (next - tail >= u32[at + BATCH_AT]! || next >= size) {
      for (let i = tail; i < next; i++) u32[queue + i] = 0;
      u32[at + TAIL] = next;
    }
    if (next >= size) {
      next = 0;
      u32[at + TAIL] = 0;
    }
    u32[at + HEAD] = next;
  }
}
