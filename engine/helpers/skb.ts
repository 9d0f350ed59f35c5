/** All helpers that work on a socket buffer, in one table. */
import type { HelperMaker } from './run-ctx.ts';
import { SKB_BYTES_HELPERS } from './skb-bytes.ts';
import { SKB_HASH_HELPERS } from './skb-hash.ts';
import { SKB_MARK_HELPERS } from './skb-mark.ts';
import { SKB_ROOM_HELPERS } from './skb-room.ts';
import { SKB_SIZE_HELPERS } from './skb-size.ts';
import { SKB_VLAN_HELPERS } from './skb-vlan.ts';

/** By helper name. */
export const SKB_HELPERS: Readonly<Record<string, HelperMaker>> = {
  ...SKB_BYTES_HELPERS,
  ...SKB_SIZE_HELPERS,
  ...SKB_ROOM_HELPERS,
  ...SKB_VLAN_HELPERS,
  ...SKB_HASH_HELPERS,
  ...SKB_MARK_HELPERS,
};
