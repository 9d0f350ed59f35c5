/** BPF_MAP_TYPE_STACK_TRACE (kernel/bpf/stackmap.c): there are no call stacks here to store, so it stays empty. */
import { ERRNO } from '../uapi/errno.ts';
import type { MapDef, MapHost } from './map.ts';
import { indexOf, MapBase } from './map-base.ts';

export class StackTraceMap extends MapBase {
  constructor(host: MapHost, def: MapDef, id: number) {
    super(host, def, id);
    this.describe();
  }

  override userUpdate(_key: Uint8Array, _value: Uint8Array, _flags: number): number {
    return -ERRNO.EINVAL;
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4) return -ERRNO.EINVAL;
    return indexOf(key) >= 2 ** Math.ceil(Math.log2(this.def.max_entries)) ? -ERRNO.E2BIG : -ERRNO.ENOENT;
  }

  override reset(): void {}

  override snapshot(): void {}
}
