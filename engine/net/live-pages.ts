/** The pages of live frame mode: an arena of whole pages with a descriptor each, made new with the packet in them, or as copies of frames. */
import type { WorldMemory } from '../memory.ts';
import {
  DATA_AT,
  LIVE_PACKET_MAX,
  PAGE_DESC,
  PAGE_DESC_SHIFT,
  PAGE_HEAD,
  PAGE_SHIFT,
  PAGE_SIZE,
  PAGE_WORD,
  POOL_AT,
  POOL_BYTES,
  SHARED_INFO,
} from './live-layout.ts';

const FREE_COUNT = POOL_AT.FREE_COUNT >>> 2;

/** The packet that every new page begins with. */
export interface Template {
  readonly bytes: Uint8Array;
  /** Bytes of it that are metadata in front of the packet. */
  readonly meta: number;
  /** Most bytes that are written there later on, where every frame has a packet of its own. */
  readonly most?: number;
}

export class LivePages {
  readonly mem: WorldMemory;
  /** Words of the page pool; the list of free pages hangs off them. */
  readonly pool: number;
  /** Address of page 0 and of its descriptor. */
  readonly base: number;
  readonly descs: number;
  readonly count: number;
  private readonly free: number;
  private readonly template: Template;
  private readonly templateAt: number;

  private constructor(mem: WorldMemory, count: number, template: Template, at: readonly number[]) {
    this.mem = mem;
    this.count = count;
    this.template = template;
    const [base, descs, free, pool, templateAt] = at as [number, number, number, number, number];
    this.base = base;
    this.descs = descs;
    this.free = free;
    this.pool = pool;
    this.templateAt = templateAt;
    mem.u8.set(template.bytes, templateAt);
    mem.u32[(pool + POOL_AT.FREE) >>> 2] = free;
    for (let i = 0; i < count; i++) mem.u32[(free >>> 2) + i] = descs + (count - 1 - i) * PAGE_DESC;
    mem.u32[(pool >>> 2) + FREE_COUNT] = count;
  }

  /** Room for `count` pages; null when the world has none. Untouched pages cost address space alone. */
  static create(mem: WorldMemory, count: number, template: Template): LivePages | null {
    const at = [
      mem.alloc(count * PAGE_SIZE, PAGE_SIZE),
      mem.alloc(count * PAGE_DESC, PAGE_DESC),
      mem.alloc(count * 4, 64),
      mem.alloc(POOL_BYTES, 64),
      mem.alloc(PAGE_SIZE, 64),
    ];
    return at.includes(0) ? null : new LivePages(mem, count, template, at);
  }

  /** Pages that belong to nobody. */
  get freeCount(): number {
    return this.mem.u32[(this.pool >>> 2) + FREE_COUNT]!;
  }

  baseOf(desc: number): number {
    return this.base + (((desc - this.descs) >>> PAGE_DESC_SHIFT) << PAGE_SHIFT);
  }

  /** Descriptor of a page that nobody has, 0 if there is none (alloc_pages). */
  take(): number {
    const { u32 } = this.mem;
    const left = u32[(this.pool >>> 2) + FREE_COUNT]!;
    if (left === 0) return 0;
    u32[(this.pool >>> 2) + FREE_COUNT] = left - 1;
    return u32[(this.free >>> 2) + left - 1]!;
  }

  /** put_page */
  give(desc: number): void {
    const { u32 } = this.mem;
    const at = (this.pool >>> 2) + FREE_COUNT;
    const left = u32[at]!;
    u32[(this.free >>> 2) + left] = desc;
    u32[at] = left + 1;
  }

  /** xdp_test_run_init_page: the packet at its place, zeros where an earlier use of the page may have left something. */
  init(desc: number): void {
    const { u32, u8 } = this.mem;
    const at = desc >>> 2;
    const base = this.baseOf(desc) >>> 0;
    const { bytes, meta, most } = this.template;
    const start = base + DATA_AT - meta;
    const end = start + bytes.length;
    if (u32[at + PAGE_WORD.BASE] !== 0) this.clean(at, start, end);
    u8.copyWithin(start, this.templateAt, this.templateAt + bytes.length);
    u32[at + PAGE_WORD.DATA] = start + meta;
    u32[at + PAGE_WORD.LEN] = bytes.length - meta;
    u32[at + PAGE_WORD.META] = meta;
    u32[at + PAGE_WORD.BASE] = base;
    u32[at + PAGE_WORD.HARD_START] = base + PAGE_HEAD;
    u32[at + PAGE_WORD.HARD_END] = base + PAGE_SIZE - SHARED_INFO;
    u32[at + PAGE_WORD.LOW] = start;
    u32[at + PAGE_WORD.HIGH] = start + Math.max(bytes.length, most ?? 0);
    u32[at + PAGE_WORD.POOL] = 1;
  }

  /** Zeros where an earlier use of a page may have left something, but for what is written next. */
  private clean(at: number, start: number, end: number): void {
    const { u32, u8 } = this.mem;
    const low = u32[at + PAGE_WORD.LOW]!;
    const high = u32[at + PAGE_WORD.HIGH]!;
    if (low < start) u8.fill(0, low, Math.min(start, high));
    if (high > end) u8.fill(0, Math.max(end, low), high);
  }

  /** xdpf_clone: the frame on a page of its own, which no pool has; 0 when there is none. Below LOW there are zeros on both pages. */
  clone(desc: number): number {
    const copy = this.take();
    if (copy === 0) return 0;
    const { u32, u8 } = this.mem;
    const from = desc >>> 2;
    const to = copy >>> 2;
    const base = this.baseOf(copy) >>> 0;
    const start = u32[from + PAGE_WORD.LOW]!;
    const end = u32[from + PAGE_WORD.DATA]! + u32[from + PAGE_WORD.LEN]!;
    const move = base - u32[from + PAGE_WORD.HARD_START]!;
    if (u32[to + PAGE_WORD.BASE] !== 0) this.clean(to, start + move, end + move);
    u8.copyWithin(start + move, start, end);
    u32[to + PAGE_WORD.DATA] = u32[from + PAGE_WORD.DATA]! + move;
    u32[to + PAGE_WORD.LEN] = u32[from + PAGE_WORD.LEN]!;
    u32[to + PAGE_WORD.META] = u32[from + PAGE_WORD.META]!;
    u32[to + PAGE_WORD.BASE] = base;
    u32[to + PAGE_WORD.HARD_START] = base;
    u32[to + PAGE_WORD.HARD_END] = base + PAGE_SIZE - SHARED_INFO;
    u32[to + PAGE_WORD.LOW] = start + move;
    u32[to + PAGE_WORD.HIGH] = end + move;
    u32[to + PAGE_WORD.POOL] = 0;
    u32[to + PAGE_WORD.FRAME] = u32[from + PAGE_WORD.FRAME]!;
    return copy;
  }

  /** A page that no pool has, with a frame of these bytes and headroom before it; 0 when there is none, or the bytes are too many. */
  fresh(bytes: Uint8Array, frame: number): number {
    if (bytes.length > LIVE_PACKET_MAX) return 0;
    const desc = this.take();
    if (desc === 0) return 0;
    const { u32, u8 } = this.mem;
    const at = desc >>> 2;
    const base = this.baseOf(desc) >>> 0;
    if (u32[at + PAGE_WORD.BASE] !== 0) u8.fill(0, u32[at + PAGE_WORD.LOW]!, u32[at + PAGE_WORD.HIGH]!);
    u8.set(bytes, base + DATA_AT);
    u32[at + PAGE_WORD.DATA] = base + DATA_AT;
    u32[at + PAGE_WORD.LEN] = bytes.length;
    u32[at + PAGE_WORD.META] = 0;
    u32[at + PAGE_WORD.BASE] = base;
    u32[at + PAGE_WORD.HARD_START] = base + PAGE_HEAD;
    u32[at + PAGE_WORD.HARD_END] = base + PAGE_SIZE - SHARED_INFO;
    u32[at + PAGE_WORD.LOW] = base + DATA_AT;
    u32[at + PAGE_WORD.HIGH] = base + DATA_AT + bytes.length;
    u32[at + PAGE_WORD.POOL] = 0;
    u32[at + PAGE_WORD.FRAME] = frame;
    return desc;
  }

  /** The frame is these bytes from now on, `moved` bytes further back than it began; false when the page has no room there. */
  rewrite(desc: number, moved: number, bytes: Uint8Array): boolean {
    const { u32, u8 } = this.mem;
    const at = desc >>> 2;
    const data = u32[at + PAGE_WORD.DATA]! + moved;
    const end = data + bytes.length;
    if (data < u32[at + PAGE_WORD.HARD_START]! || end > u32[at + PAGE_WORD.HARD_END]!) return false;
    u8.set(bytes, data);
    u32[at + PAGE_WORD.DATA] = data;
    u32[at + PAGE_WORD.LEN] = bytes.length;
    u32[at + PAGE_WORD.LOW] = Math.min(u32[at + PAGE_WORD.LOW]!, data);
    u32[at + PAGE_WORD.HIGH] = Math.max(u32[at + PAGE_WORD.HIGH]!, end);
    return true;
  }

  /** Bytes in front of a frame on its page. */
  headroom(desc: number): number {
    return this.dataOf(desc) - this.mem.u32[(desc >>> 2) + PAGE_WORD.HARD_START]!;
  }

  /** Metadata in front of a frame, as a view. */
  metadata(desc: number): Uint8Array {
    const data = this.dataOf(desc);
    return this.mem.u8.subarray(data - this.mem.u32[(desc >>> 2) + PAGE_WORD.META]!, data);
  }

  /** The bytes of a frame, without metadata; a view that lasts until the memory grows. */
  bytes(desc: number): Uint8Array {
    const { u32, u8 } = this.mem;
    const data = u32[(desc >>> 2) + PAGE_WORD.DATA]!;
    return u8.subarray(data, data + u32[(desc >>> 2) + PAGE_WORD.LEN]!);
  }

  /** Address of a frame's first byte. */
  dataOf(desc: number): number {
    return this.mem.u32[(desc >>> 2) + PAGE_WORD.DATA]!;
  }

  /** The frame begins so many bytes later. */
  moveData(desc: number, bytes: number): void {
    const { u32 } = this.mem;
    const at = desc >>> 2;
    u32[at + PAGE_WORD.DATA] = u32[at + PAGE_WORD.DATA]! + bytes;
    u32[at + PAGE_WORD.LEN] = u32[at + PAGE_WORD.LEN]! - bytes;
  }

  /** Low half of the number of the frame that a page carries. */
  frame(desc: number): number {
    return this.mem.u32[(desc >>> 2) + PAGE_WORD.FRAME]!;
  }

  length(desc: number): number {
    return this.mem.u32[(desc >>> 2) + PAGE_WORD.LEN]!;
  }
}
