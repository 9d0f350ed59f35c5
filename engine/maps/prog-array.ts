/** BPF_MAP_TYPE_PROG_ARRAY (kernel/bpf/arraymap.c): shared-table indices for tail calls, set by user space only. */
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf, MapBase } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

const SLOT = 4;

export class ProgArray extends MapBase {
  private readonly area: UndoArea;
  /** Program id of each slot that is set. */
  private ids = new Map<number, number>();
  private saved = new Map<number, number>();

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea) {
    super(host, def, id);
    this.area = area;
    this.describe({ values: area.base, stride: SLOT, cpuStride: 0, dirty: area.flags });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): ProgArray | null {
    const area = UndoArea.reserve(host.mem, def.max_entries * SLOT, SLOT);
    return area === null ? null : new ProgArray(host, def, id, area);
  }

  /** Points slot `index` at a program: its place in the shared table and the id user space knows it by. 0 or a negative errno. */
  setProgram(index: number, tableIndex: number, programId: number): number {
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    const at = this.area.base + index * SLOT;
    this.area.mark(at);
    this.mem.i32[at >>> 2] = tableIndex;
    if (tableIndex === 0) this.ids.delete(index);
    else this.ids.set(index, programId);
    return 0;
  }

  /** The program's id. */
  override userLookup(key: Uint8Array): Uint8Array | null {
    const programId = key.length === 4 ? this.ids.get(indexOf(key)) : undefined;
    return programId === undefined ? null : keyOf(programId);
  }

  /** `value` is a program's id, where bpf(2) takes a descriptor. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, 4) || flags !== UPDATE.ANY) return -ERRNO.EINVAL;
    if (indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    const tableIndex = this.host.programIndex(indexOf(value));
    return tableIndex === 0 ? -ERRNO.EBADF : this.setProgram(indexOf(key), tableIndex, indexOf(value));
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4) return -ERRNO.EINVAL;
    const index = indexOf(key);
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    return this.ids.has(index) ? this.setProgram(index, 0, 0) : -ERRNO.ENOENT;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    for (const [index, id] of [...this.ids].sort(([a], [b]) => a - b)) yield { key: keyOf(index), value: keyOf(id) };
  }

  override reset(): void {
    this.area.reset();
    this.ids = new Map(this.saved);
  }

  override snapshot(): void {
    this.area.snapshot();
    this.saved = new Map(this.ids);
  }
}
