/** The one linear memory of a world: where views are made and renewed, areas are handed out and regions registered. */
import { invariant } from './errors.ts';
import {
  ARENA_BASE,
  PRIV,
  REGION_AT,
  REGION_ROW,
  REGION_ROWS_MAX,
  REGION_TABLE,
  type RegionKind,
  WASM_PAGE,
} from './layout.ts';

const MAX_PAGES = 65536;

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

  constructor() {
    this.wasm = new WebAssembly.Memory({ initial: ARENA_BASE / WASM_PAGE, maximum: MAX_PAGES });
    this.renewViews();
  }

  private renewViews(): void {
    const b = this.wasm.buffer;
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
   */
  alloc(bytes: number, align: number): number {
    const base = Math.ceil(this.next / align) * align;
    const end = base + bytes + 64;
    if (end > MAX_PAGES * WASM_PAGE) return 0;
    const missing = Math.ceil(end / WASM_PAGE) - this.wasm.buffer.byteLength / WASM_PAGE;
    if (missing > 0) {
      try {
        this.wasm.grow(missing);
      } catch {
        return 0;
      }
      this.renewViews();
    }
    this.next = Math.ceil(end / 64) * 64;
    return base;
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
