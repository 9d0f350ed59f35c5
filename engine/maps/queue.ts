/** BPF_MAP_TYPE_QUEUE and STACK (kernel/bpf/queue_stack_maps.c): a ring with one slot more than it may hold. */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { MapBase, strideOf } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

const NO_KEY = new Uint8Array(0);

export class QueueMap extends MapBase {
  private readonly area: UndoArea;
  private readonly stride: number;
  private readonly slots: number;
  private readonly lifo: boolean;
  /** Slot the next element goes to, and the slot of the oldest. */
  private head = 0;
  private tail = 0;
  private saved = { head: 0, tail: 0 };

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, stride: number) {
    super(host, def, id);
    this.area = area;
    this.stride = stride;
    this.slots = def.max_entries + 1;
    this.lifo = def.type === MAP_TYPE.STACK;
    this.describe();
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): QueueMap | null {
    const stride = strideOf(def.value_size);
    const area = UndoArea.reserve(host.mem, (def.max_entries + 1) * stride, stride);
    return area === null ? null : new QueueMap(host, def, id, area, stride);
  }

  /** Looking up, updating and deleting by key: the verifier refuses them. */
  override push(value: number, flags: number): number {
    const at = this.room(flags);
    if (at < 0) return at;
    this.mem.copy(at, value, this.def.value_size);
    return 0;
  }

  /** Address of the slot for a new element, by now part of the queue, or a negative errno. */
  private room(flags: number): number {
    if (flags !== UPDATE.ANY && flags !== UPDATE.EXIST) return -ERRNO.EINVAL;
    const next = this.after(this.head);
    if (next === this.tail) {
      // BPF_EXIST overwrites the oldest.
      if (flags !== UPDATE.EXIST) return -ERRNO.E2BIG;
      this.tail = this.after(this.tail);
    }
    const at = this.area.base + this.head * this.stride;
    this.area.mark(at);
    this.head = next;
    return at;
  }

  private after(slot: number): number {
    return slot + 1 === this.slots ? 0 : slot + 1;
  }

  /** Slot of the element that is next to be popped; -1 when empty. */
  private front(): number {
    if (this.head === this.tail) return -1;
    if (!this.lifo) return this.tail;
    return this.head === 0 ? this.slots - 1 : this.head - 1;
  }

  override pop(value: number): number {
    const slot = this.front();
    const errno = this.peek(value);
    if (slot >= 0) this.drop(slot);
    return errno;
  }

  private drop(slot: number): void {
    if (this.lifo) this.head = slot;
    else this.tail = this.after(slot);
  }

  override peek(value: number): number {
    const slot = this.front();
    if (slot < 0) {
      this.mem.u8.fill(0, value, value + this.def.value_size);
      return -ERRNO.ENOENT;
    }
    this.mem.copy(value, this.area.base + slot * this.stride, this.def.value_size);
    return 0;
  }

  /** BPF_MAP_LOOKUP_ELEM peeks; the key is empty. */
  override userLookup(key: Uint8Array): Uint8Array | null {
    const slot = this.front();
    return key.length !== 0 || slot < 0 ? null : this.bytesAt(slot);
  }

  /** BPF_MAP_LOOKUP_AND_DELETE_ELEM: pops; null when empty. */
  userPop(): Uint8Array | null {
    const slot = this.front();
    if (slot < 0) return null;
    const value = this.bytesAt(slot);
    this.drop(slot);
    return value;
  }

  private bytesAt(slot: number): Uint8Array {
    const at = this.area.base + slot * this.stride;
    return this.mem.u8.slice(at, at + this.def.value_size);
  }

  /** BPF_MAP_UPDATE_ELEM pushes; the key is empty. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size)) return -ERRNO.EINVAL;
    const at = this.room(flags);
    if (at < 0) return at;
    this.mem.u8.set(value, at);
    return 0;
  }

  override userDelete(_key: Uint8Array): number {
    return -ERRNO.EINVAL;
  }

  override *entries(): Iterable<MapContent> {
    const slots: number[] = [];
    for (let slot = this.tail; slot !== this.head; slot = this.after(slot)) slots.push(slot);
    if (this.lifo) slots.reverse();
    for (const slot of slots) yield { key: NO_KEY, value: this.bytesAt(slot) };
  }

  override reset(): void {
    this.area.reset();
    this.head = this.saved.head;
    this.tail = this.saved.tail;
  }

  override snapshot(): void {
    this.area.snapshot();
    this.saved = { head: this.head, tail: this.tail };
  }
}
