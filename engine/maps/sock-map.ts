/** BPF_MAP_TYPE_SOCKMAP and SOCKHASH (net/core/sock_map.c): sockets of the namespace, named by their cookies. */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import type { MapDef, MapHost } from './map.ts';
import { indexOf, MapBase } from './map-base.ts';

/** User space may read cookies only where values have room for them. */
const COOKIE_BYTES = 8;

export class SockMap extends MapBase {
  private readonly hash: boolean;
  /** Cookies by the text of their key. */
  private cookies = new Map<string, number>();
  private saved = new Map<string, number>();

  constructor(host: MapHost, def: MapDef, id: number) {
    super(host, def, id);
    this.hash = def.type === MAP_TYPE.SOCKHASH;
    this.describe();
  }

  /** Address of the socket's struct bpf_sock, to be given back by bpf_sk_release; 0 when there is none. */
  override lookup(key: number): number {
    const cookie = this.cookies.get(textOf(this.mem.u8.subarray(key, key + this.def.key_size)));
    return cookie === undefined ? 0 : this.host.socket(cookie);
  }

  override delete(key: number): number {
    return this.userDelete(this.mem.u8.slice(key, key + this.def.key_size));
  }

  /** `value` is the socket's cookie, where bpf(2) takes its descriptor. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size) || flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    const cookie = cookieOf(value);
    if (this.host.socket(cookie) === 0) return -ERRNO.EBADF;
    if (!this.hash && indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    const known = this.cookies.has(textOf(key));
    if (known && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (!known && flags === UPDATE.EXIST) return -ERRNO.ENOENT;
    if (!known && this.hash && this.cookies.size >= this.def.max_entries) return -ERRNO.E2BIG;
    this.cookies.set(textOf(key), cookie);
    return 0;
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const cookie = this.cookies.get(textOf(key));
    if (cookie === undefined || this.def.value_size !== COOKIE_BYTES) return null;
    const value = new Uint8Array(COOKIE_BYTES);
    new DataView(value.buffer).setBigUint64(0, BigInt(cookie), true);
    return value;
  }

  override userDelete(key: Uint8Array): number {
    if (!this.hash && indexOf(key) >= this.def.max_entries) return -ERRNO.EINVAL;
    if (this.cookies.delete(textOf(key))) return 0;
    return this.hash ? -ERRNO.ENOENT : -ERRNO.EINVAL;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (const text of [...this.cookies.keys()].sort()) yield bytesOf(text);
  }

  override reset(): void {
    this.cookies = new Map(this.saved);
  }

  override snapshot(): void {
    this.saved = new Map(this.cookies);
  }
}

function textOf(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

function cookieOf(value: Uint8Array): number {
  const view = new DataView(value.buffer, value.byteOffset);
  return value.length === COOKIE_BYTES ? Number(view.getBigUint64(0, true)) : view.getUint32(0, true);
}
