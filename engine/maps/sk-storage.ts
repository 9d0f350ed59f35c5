/** BPF_MAP_TYPE_SK_STORAGE (net/core/bpf_sk_storage.c): a value a socket, which goes when the socket does. */
import { REGION, SOCKS_MAX } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import type { MapDef, MapHost } from './map.ts';
import { indexOf, keyOf, MapBase, strideOf } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

/** Stands for the socket of BPF_PROG_RUN's own packet, which is made for each call; all others go by their cookies. */
export const PACKET_SOCKET = 0;
/** One place for each socket there can be, and the packet's. */
const PLACES = SOCKS_MAX + 1;

export class SkStorage extends MapBase {
  private readonly area: UndoArea;
  private readonly stride: number;
  /** Places by the cookie of the socket. */
  private places = new Map<number, number>();
  private saved = new Map<number, number>();

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, stride: number) {
    super(host, def, id);
    this.area = area;
    this.stride = stride;
    this.describe();
    const { base, bytes: len } = area;
    const elem = def.value_size;
    this.mem.addRegion({ base, len, stride, elem, write: this.writable, kind: REGION.MAP_VALUE, map: this.handle });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): SkStorage | null {
    const stride = strideOf(def.value_size);
    const area = UndoArea.reserve(host.mem, stride * PLACES, stride);
    return area === null ? null : new SkStorage(host, def, id, area, stride);
  }

  /** bpf_local_storage_lookup: address of a socket's value, 0 if it has none. */
  find(cookie: number): number {
    const place = this.places.get(cookie);
    if (place === undefined) return 0;
    const at = this.addressOf(place);
    this.area.mark(at);
    return at;
  }

  /** bpf_local_storage_update: address of a new value, all zeros or a copy of the bytes at `value`; 0 when there are too many. */
  make(cookie: number, value: number): number {
    const at = this.place(cookie);
    if (at !== 0 && value !== 0) this.copyValue(at, value);
    return at;
  }

  /** bpf_sk_storage_del */
  remove(cookie: number): number {
    return this.places.delete(cookie) ? 0 : -ERRNO.ENOENT;
  }

  /** The packet's socket is a new one in every call. */
  beginCall(): void {
    this.places.delete(PACKET_SOCKET);
  }

  private addressOf(place: number): number {
    return this.area.base + place * this.stride;
  }

  private place(cookie: number): number {
    const taken = new Set(this.places.values());
    let free = 0;
    while (taken.has(free)) free++;
    if (free >= PLACES) return 0;
    this.places.set(cookie, free);
    const at = this.addressOf(free);
    this.area.mark(at);
    this.mem.u8.fill(0, at, at + this.stride);
    return at;
  }

  /** The key is the socket's cookie, where bpf(2) takes its descriptor. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size) || flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    const cookie = indexOf(key);
    if (this.host.socket(cookie) === 0) return -ERRNO.EBADF;
    const known = this.find(cookie);
    if (known !== 0 && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (known === 0 && flags === UPDATE.EXIST) return -ERRNO.ENOENT;
    const at = known === 0 ? this.place(cookie) : known;
    if (at === 0) return -ERRNO.ENOMEM;
    this.writeValue(at, value);
    return 0;
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const place = this.places.get(indexOf(key));
    return place === undefined ? null : this.readValue(this.addressOf(place), this.def.value_size);
  }

  override userDelete(key: Uint8Array): number {
    return this.remove(indexOf(key));
  }

  override *userKeys(): Iterable<Uint8Array> {
    const cookies = [...this.places.keys()].filter((cookie) => cookie !== PACKET_SOCKET);
    for (const cookie of cookies.sort((a, b) => a - b)) yield keyOf(cookie);
  }

  override reset(): void {
    this.area.reset();
    this.places = new Map(this.saved);
  }

  override snapshot(): void {
    this.area.snapshot();
    this.saved = new Map(this.places);
  }
}
