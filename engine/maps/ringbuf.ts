/** BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c): records with 8-byte headers between a producer and a consumer position. */
import { REGION } from '../layout.ts';
import type { Region } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { MapDef, MapHost } from './map.ts';
import { MapBase } from './map-base.ts';

const HEADER = 8;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;
/** RINGBUF_MAX_RECORD_SZ */
const MAX_RECORD = 0x3fff_ffff;

/** Bytes a record takes in the ring. */
function recordBytes(size: number): number {
  return (size + HEADER + 7) & ~7;
}

/**
 * Positions only ever grow, as in the kernel. A record that runs past the end continues behind the ring, where the
 * kernel's second mapping of it would be; its bytes are read back from there too.
 */
export class RingbufMap extends MapBase {
  private readonly base: number;
  private readonly size: number;
  private consumer = 0;
  private producer = 0;
  /** Position of the oldest record not committed yet. */
  private pending = 0;
  private saved = 0;
  /** Start of each record the program holds, in the order of reservation. */
  private readonly held: number[] = [];

  private constructor(host: MapHost, def: MapDef, id: number, base: number) {
    super(host, def, id);
    this.base = base;
    this.size = def.max_entries;
    this.describe();
    // While no record is held, the ring's row in the region table lets nothing through.
    this.mem.addRegion(this.region(base, 0));
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): RingbufMap | null {
    const base = host.mem.alloc(def.max_entries * 2, 4096);
    return base === 0 ? null : new RingbufMap(host, def, id, base);
  }

  private region(base: number, len: number): Region {
    return { base, len, stride: 0, elem: len, write: true, kind: REGION.RINGBUF, map: this.handle };
  }

  /** Records reserved and neither submitted nor discarded: more than 0 after a run is a leak. */
  get heldRecords(): number {
    return this.held.length;
  }

  /** bpf_ringbuf_reserve: address of `size` bytes the program holds from now on, or 0 when they do not fit. */
  reserve(size: number): number {
    const record = this.claim(size);
    if (record === 0) return 0;
    if (this.held.length === 0) this.mem.moveRegion(this.base, record, size);
    else this.mem.addRegion(this.region(record, size));
    this.held.push(record);
    return record;
  }

  /** __bpf_ringbuf_reserve */
  private claim(size: number): number {
    if (size > MAX_RECORD) return 0;
    const bytes = recordBytes(size);
    if (bytes > this.size) return 0;
    this.skipCommitted();
    const after = this.producer + bytes;
    // Neither the unread nor the uncommitted part may span the whole ring.
    if (after - this.consumer > this.size - 1 || after - this.pending > this.size - 1) return 0;
    const header = this.headerAt(this.producer);
    this.mem.u32[header >>> 2] = size | BUSY;
    this.producer = after;
    return header + HEADER;
  }

  private skipCommitted(): void {
    while (this.pending < this.producer) {
      const header = this.mem.u32[this.headerAt(this.pending) >>> 2]!;
      if ((header & BUSY) !== 0) return;
      this.pending += recordBytes(header & ~DISCARDED);
    }
  }

  private headerAt(position: number): number {
    return this.base + ((position & (this.size - 1)) >>> 0);
  }

  /** Whether `record` is one that the program holds. */
  holds(record: number): boolean {
    return this.held.includes(record);
  }

  /** bpf_ringbuf_submit and bpf_ringbuf_discard of a record the program holds. */
  commit(record: number, discard: boolean): void {
    this.settle(record, discard);
    const i = this.held.indexOf(record);
    this.held.splice(i, 1);
    if (this.held.length === 0) this.mem.moveRegion(record, this.base, 0);
    else this.mem.removeRegion(record);
  }

  private settle(record: number, discard: boolean): void {
    const at = (record - HEADER) >>> 2;
    const size = this.mem.u32[at]! & ~BUSY;
    this.mem.u32[at] = discard ? size | DISCARDED : size;
  }

  /** bpf_ringbuf_output: 0 or a negative errno. */
  output(from: number, size: number): number {
    const record = this.claim(size);
    if (record === 0) return -ERRNO.EAGAIN;
    this.mem.copy(record, from, size);
    this.settle(record, false);
    return 0;
  }

  /** bpf_ringbuf_query: BPF_RB_AVAIL_DATA, RING_SIZE, CONS_POS, PROD_POS; 0 for other flags. */
  query(flags: number): number {
    return [this.producer - this.consumer, this.size, this.consumer, this.producer][flags] ?? 0;
  }

  /** Discards what a run that ended early still held. */
  abandon(): void {
    for (const record of [...this.held]) this.commit(record, true);
  }

  /** What user space reads: committed records up to the first that is not, in order; discarded ones are skipped. */
  drain(): Uint8Array[] {
    const records: Uint8Array[] = [];
    while (this.consumer < this.producer) {
      const at = this.headerAt(this.consumer);
      const header = this.mem.u32[at >>> 2]!;
      if ((header & BUSY) !== 0) break;
      const size = header & ~DISCARDED;
      if ((header & DISCARDED) === 0) records.push(this.mem.u8.slice(at + HEADER, at + HEADER + size));
      this.consumer += recordBytes(size);
    }
    return records;
  }

  override userUpdate(_key: Uint8Array, _value: Uint8Array, _flags: number): number {
    return -ERRNO.ENOTSUPP;
  }

  override userDelete(_key: Uint8Array): number {
    return -ERRNO.ENOTSUPP;
  }

  /** Empties the ring; what was unread is lost, positions start again where the snapshot saw them. */
  override reset(): void {
    this.abandon();
    this.restart(this.saved);
  }

  override snapshot(): void {
    this.abandon();
    this.saved = this.producer;
    this.restart(this.saved);
  }

  private restart(position: number): void {
    this.consumer = position;
    this.producer = position;
    this.pending = position;
  }
}
