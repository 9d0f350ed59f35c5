/** What the maps that bpf_redirect_map takes have in common. */
import { MapBase } from './map-base.ts';

export abstract class RedirectMap extends MapBase {
  /** Flags the kind takes besides the action for a missing entry: BPF_F_BROADCAST and BPF_F_EXCLUDE_INGRESS, or none. */
  abstract readonly redirectFlags: number;

  /** Where entry `key` leads: an ifindex, CPU or queue; -1 when there is no entry. */
  abstract redirectTarget(key: number): number;
}
