/** The one linear memory of a world: where views are made and renewed, areas are handed out and regions registered. */
import { invariant } from './errors.ts';
import {
  ARENA_BASE,
  MAP_AT,
  MAP_DESC_BASE,
  MAP_DESC_SIZE,
  PACKET_BASE,
  PRIV,
  REGION_AT,
  REGION_ROW,
  REGION_ROWS_MAX,
  REGION_TABLE,
  type RegionKind,
  WASM_PAGE,
} from './layout.ts';

const MAX_PAGES = 65536;
/** Memories grow by at least so much: each growth renews all views. */
const GROWTH_PAGES = 16;
/** Memories that wait for the next world; JavaScriptCore lets a process have eight that need no check at each access. */
const SPARE_MAX = 2;
/** Most bytes that are cleared to have a memory serve again. */
const CLEARED_MAX = 1 << 24;
/** Larger memories are left to the garbage collector: pages that were touched once stay with a memory. */
const SPARE_BYTES_MAX = 1 << 26;
/** Blocks up to so many bytes are cleared whole. */
const SMALL = 1 << 18;

/** From an address up to another. */
type Stretch = readonly [from: number, end: number];

/** Memories of worlds that were let go of, as if new, though perhaps larger: making one costs milliseconds and slows the collector. */
const spare: WebAssembly.Memory[] = [];

/** A region as JavaScript sees it; the same row stands in linear memory for the JIT's code. */
export interface Region {
  readonly base: number;
  readonly len: number;
  readonly stride: number;
  readonly elem: number;
  readonly write: boolean;
  readonly kind: RegionKind;
  readonly map: number;
}

type Row = { -readonly [field in keyof Region]: Region[field] };

export class WorldMemory {
  readonly wasm: WebAssembly.Memory;
  /** Views over the whole memory. Read them from here each time: growing replaces them. */
  u8!: Uint8Array;
  u16!: Uint16Array;
  u32!: Uint32Array;
  i32!: Int32Array;
  f64!: Float64Array;
  dv!: DataView;
  private next = ARENA_BASE;
  private readonly rows: Row[] = [];
  /** What was handed out of the arena, and where more than zeros may be in it. */
  private readonly blocks: { readonly from: number; readonly end: number; touched(): readonly Stretch[] }[] = [];

  constructor() {
    const initial = ARENA_BASE / WASM_PAGE;
    this.wasm = spare.pop() ?? new WebAssembly.Memory({ initial, maximum: MAX_PAGES });
    this.showViews(this.wasm.buffer);
  }

  private showViews(b: ArrayBuffer): void {
    this.u8 = new Uint8Array(b);
    this.u16 = new Uint16Array(b);
    this.u32 = new Uint32Array(b);
    this.i32 = new Int32Array(b);
    this.f64 = new Float64Array(b);
    this.dv = new DataView(b);
  }

  /**
   * Hands out `bytes` of zeroed arena at a multiple of `align` (a power of two), with an unmapped gap behind it.
   * Untouched pages cost nothing. Returns 0 when the 4 GiB of the world are spent. May grow: views are renewed.
   * `touched` tells of a large block where something other than zeros may be.
   */
  alloc(bytes: number, align: number, touched?: () => readonly Stretch[]): number {
    const base = Math.ceil(this.next / align) * align;
    const end = base + bytes + 64;
    if (end > MAX_PAGES * WASM_PAGE) return 0;
    const missing = Math.ceil(end / WASM_PAGE) - this.wasm.buffer.byteLength / WASM_PAGE;
    if (missing > 0 && !this.grow(missing)) return 0;
    this.next = Math.ceil(end / 64) * 64;
    const block: Stretch = [base, base + bytes];
    this.blocks.push({ from: base, end: base + bytes, touched: touched ?? (() => [block]) });
    return base;
  }

  private grow(missing: number): boolean {
    const room = MAX_PAGES - this.wasm.buffer.byteLength / WASM_PAGE;
    try {
      this.wasm.grow(Math.min(room, Math.max(missing, GROWTH_PAGES)));
    } catch {
      return false;
    }
    this.showViews(this.wasm.buffer);
    return true;
  }

  /**
   * The world is not used any more: its memory is cleared where it was touched, and the next world gets it. Whatever still reads
   * or writes through this object finds nothing. Packet and kernel objects are left: every run lays them out anew.
   */
  release(): void {
    const { u8, blocks } = this;
    const touched = blocks.flatMap<Stretch>((one) =>
      one.end - one.from <= SMALL ? [[one.from, one.end]] : one.touched(),
    );
    const bytes = touched.reduce((sum, [from, end]) => sum + end - from, 0);
    const worth = u8.length > 0 && u8.length <= SPARE_BYTES_MAX && bytes <= CLEARED_MAX;
    if (worth && spare.length < SPARE_MAX) {
      for (const [from, end] of touched) u8.fill(0, from, end);
      u8.fill(0, MAP_DESC_BASE, this.descriptorsEnd());
      u8.fill(0, 0, REGION_TABLE);
      spare.push(this.wasm);
    }
    this.rows.length = 0;
    blocks.length = 0;
    this.showViews(new ArrayBuffer(0));
  }

  /** Descriptors stand side by side, without one for the id 0. */
  private descriptorsEnd(): number {
    let end = MAP_DESC_BASE + MAP_DESC_SIZE;
    while (end < PACKET_BASE && this.u32[(end + MAP_AT.TYPE) >> 2] !== 0) end += MAP_DESC_SIZE;
    return end;
  }

  /** Bytes of address space still free. */
  get free(): number {
    return MAX_PAGES * WASM_PAGE - this.next;
  }

  /** Regions that can still be added. */
  get freeRegions(): number {
    return REGION_ROWS_MAX - this.rows.length;
  }

  /** Copies `bytes` from one address to another; whole words where everything is aligned, which small keys and values are. */
  copy(to: number, from: number, bytes: number): void {
    if (((to | from | bytes) & 3) === 0 && bytes <= 64) {
      const words = this.i32;
      const end = (from + bytes) >>> 2;
      for (let at = from >>> 2, out = to >>> 2; at < end; at++, out++) words[out] = words[at]!;
    } else {
      this.u8.copyWithin(to, from, from + bytes);
    }
  }

  addRegion(region: Region): void {
    invariant(this.rows.length < REGION_ROWS_MAX, 'region table is full');
    let i = this.rows.length;
    while (i > 0 && this.rows[i - 1]!.base > region.base) i--;
    this.rows.splice(i, 0, { ...region });
    this.writeRows(i);
  }

  removeRegion(base: number): void {
    const i = this.indexAtOrBelow(base);
    if (this.rows[i]?.base !== base) return;
    this.rows.splice(i, 1);
    this.writeRows(i);
  }

  /** Moves the one-element region that starts at `base`; it must sort into the same place. Allocates nothing. */
  moveRegion(base: number, to: number, len: number): void {
    const i = this.indexAtOrBelow(base);
    const row = this.rows[i];
    invariant(row !== undefined && row.base === base && row.stride === 0, 'no region to move');
    invariant(i === 0 || this.rows[i - 1]!.base < to, 'moved region sorts lower');
    invariant(i + 1 === this.rows.length || this.rows[i + 1]!.base > to, 'moved region sorts higher');
    row.base = to;
    row.len = len;
    row.elem = len;
    this.writeRow(i);
  }

  private writeRows(from: number): void {
    for (let i = from; i < this.rows.length; i++) this.writeRow(i);
    this.u32[PRIV.REGION_COUNT >> 2] = this.rows.length;
  }

  private writeRow(i: number): void {
    const r = this.rows[i]!;
    const at = (REGION_TABLE + i * REGION_ROW) >> 2;
    this.u32[at + REGION_AT.BASE / 4] = r.base;
    this.u32[at + REGION_AT.LEN / 4] = r.len;
    this.u32[at + REGION_AT.STRIDE / 4] = r.stride;
    this.u32[at + REGION_AT.ELEM / 4] = r.elem;
    this.u32[at + REGION_AT.WRITE / 4] = r.write ? 1 : 0;
    this.u32[at + REGION_AT.KIND / 4] = r.kind;
    this.u32[at + REGION_AT.MAP / 4] = r.map;
  }

  /** The registered region (not packet, stack or context) that holds `address`, or the nearest one below it. */
  regionAtOrBelow(address: number): Region | undefined {
    return this.rows[this.indexAtOrBelow(address)];
  }

  private indexAtOrBelow(address: number): number {
    let lo = 0;
    let hi = this.rows.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.rows[mid]!.base <= address) lo = mid + 1;
      else hi = mid;
    }
    return lo - 1;
  }
}
