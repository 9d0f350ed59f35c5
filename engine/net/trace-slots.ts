/** Places for counts of events in linear memory: one for each tracepoint, code and target, found without allocating anything. */
import type { WorldMemory } from '../memory.ts';

/** Codes of a tracepoint, and kinds (tracepoint and code) in all; places that there are; targets of a kind that are told apart. */
const CODES_MAX = 24;
const KINDS_MAX = 16 * CODES_MAX;
export const TRACE_SLOTS = 1024;
const TARGETS_MAX = 32;
/** Words of the last event of a slot. */
export const TRACE_LAST_WORDS = 8;
export const TRACE_BYTES = {
  counts: TRACE_SLOTS * 8,
  lasts: TRACE_SLOTS * TRACE_LAST_WORDS * 4,
  latest: KINDS_MAX * 4,
};
const SMALL_CODES = 256;
const NONE = -1;

/** A tracepoint with its err, act or reason, and the places of its targets. */
interface Kind {
  readonly tracepoint: number;
  readonly code: number;
  readonly slots: number[];
  /** Stands for all codes of its tracepoint that came when there was no place left for them. */
  mixed: boolean;
  /** Stands for all targets that came when there was no place left for them. */
  others: number;
}

export class TraceSlots {
  /** Word and double-word index of the first slot's last event and count. */
  readonly counts: number;
  readonly lasts: number;
  private readonly mem: WorldMemory;
  /** Word index of the addresses where each kind's latest event was counted. */
  private readonly latest: number;
  private readonly kinds: Kind[] = [];
  private used = 0;
  private readonly kindOf = new Int32Array(TRACE_SLOTS);
  private readonly first = new Int32Array(TRACE_SLOTS);
  private readonly second = new Int32Array(TRACE_SLOTS);
  /** Kind + 1 by tracepoint and small code; of larger codes by number. */
  private readonly small: Int16Array;
  private readonly large = new Map<number, number>();

  /** Addresses of as many bytes as TRACE_BYTES says; `tracepoints`: how many there are. */
  constructor(mem: WorldMemory, at: Readonly<Record<keyof typeof TRACE_BYTES, number>>, tracepoints: number) {
    this.mem = mem;
    this.counts = at.counts >>> 3;
    this.lasts = at.lasts >>> 2;
    this.latest = at.latest >>> 2;
    this.small = new Int16Array(tracepoints * SMALL_CODES);
  }

  /** The place for an event with two numbers that tell its target; it is its kind's latest from now on. */
  find(tracepoint: number, code: number, first: number, second: number): number {
    const kind = this.kind(tracepoint, code);
    const slot = this.slotOf(kind, first | 0, second | 0);
    this.mem.u32[this.latest + kind] = this.countAt(slot);
    return slot;
  }

  /** Address of the word that says where the latest event of a kind was counted. */
  latestAt(tracepoint: number, code: number): number {
    return (this.latest + this.kind(tracepoint, code)) * 4;
  }

  private kind(tracepoint: number, code: number): number {
    if (code < SMALL_CODES) {
      const at = tracepoint * SMALL_CODES + code;
      if (this.small[at] === 0) this.small[at] = this.newKind(tracepoint, code) + 1;
      return this.small[at]! - 1;
    }
    const key = tracepoint * 2 ** 32 + code;
    const known = this.large.get(key);
    if (known !== undefined) return known;
    const made = this.newKind(tracepoint, code);
    // A program may make up codes for ever.
    if (!this.kinds[made]!.mixed) this.large.set(key, made);
    return made;
  }

  /** When a tracepoint has too many codes, its last kind counts the rest. */
  private newKind(tracepoint: number, code: number): number {
    let last = -1;
    let codes = 0;
    this.kinds.forEach((kind, i) => {
      if (kind.tracepoint !== tracepoint) return;
      last = i;
      codes++;
    });
    if (codes < CODES_MAX) {
      return this.kinds.push({ tracepoint, code, slots: [], mixed: false, others: NONE }) - 1;
    }
    this.kinds[last]!.mixed = true;
    return last;
  }

  private slotOf(kind: number, first: number, second: number): number {
    const { slots, others } = this.kinds[kind]!;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      if (this.first[slot] === first && this.second[slot] === second) return slot;
    }
    return others === NONE ? this.newSlot(kind, first, second) : others;
  }

  private newSlot(kind: number, first: number, second: number): number {
    const one = this.kinds[kind]!;
    // Every kind that is still to come needs a place.
    const room = TRACE_SLOTS - this.used - (KINDS_MAX - this.kinds.length);
    if (room <= 0 && one.slots.length > 0) {
      one.others = one.slots.at(-1)!;
      return one.others;
    }
    const slot = this.used++;
    this.kindOf[slot] = kind;
    this.first[slot] = first;
    this.second[slot] = second;
    one.slots.push(slot);
    if (one.slots.length > TARGETS_MAX) one.others = slot;
    return slot;
  }

  /** Every kind, in the order of tracepoints and codes, with the slot of its latest event. */
  list(): (Readonly<Kind> & { readonly latest: number })[] {
    const { latest, mem, counts } = this;
    return this.kinds
      .map((kind, i) => ({ ...kind, latest: (mem.u32[latest + i]! >>> 3) - counts }))
      .sort((a, b) => a.tracepoint - b.tracepoint || a.code - b.code);
  }

  /** Address of a slot's count, and of its last event. */
  countAt(slot: number): number {
    return (this.counts + slot) * 8;
  }

  lastAt(slot: number): number {
    return (this.lasts + slot * TRACE_LAST_WORDS) * 4;
  }
}
