/** BPF_MAP_TYPE_PERF_EVENT_ARRAY (kernel/bpf/arraymap.c), with an output event open for every CPU, as a tracing tool sets it up. */
import { ERRNO } from '../uapi/errno.ts';
import type { MapDef, MapHost } from './map.ts';
import { MapBase } from './map-base.ts';

/** BPF_F_CURRENT_CPU */
const CURRENT_CPU = 0xffff_ffff;

export class PerfEventArray extends MapBase {
  constructor(host: MapHost, def: MapDef, id: number) {
    super(host, def, id);
    this.describe();
  }

  /**
   * Whether a record for slot `index` (BPF_F_INDEX_MASK part of the helper's flags) would be taken:
   * 0 or a negative errno, as __bpf_perf_event_output finds it.
   */
  accepts(index: number): number {
    const slot = index === CURRENT_CPU ? this.cpu : index;
    if (slot >= this.def.max_entries) return -ERRNO.E2BIG;
    if (slot >= this.host.cpus) return -ERRNO.ENOENT;
    return slot === this.cpu ? 0 : -ERRNO.EOPNOTSUPP;
  }

  override reset(): void {}

  override snapshot(): void {}
}
