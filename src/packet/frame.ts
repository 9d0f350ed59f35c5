/** One frame of a capture, as both capture formats give it. */

export interface Frame {
  /** From 1, as tcpdump and Wireshark count. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Length on the wire, more than bytes.length when the capture cut the frame. */
  readonly wire_length: number;
  /** LINKTYPE number. */
  readonly link_type: number;
}

export const LINKTYPE_ETHERNET = 1;

/** Link types whose frames begin otherwise, by the names that people know them by. */
const OTHER_LINKS: Readonly<Record<number, string>> = {
  ...{ 0: 'BSD loopback', 12: 'raw IP', 14: 'raw IP', 101: 'raw IP', 105: 'IEEE 802.11', 108: 'OpenBSD loopback' },
  ...{ 113: 'Linux cooked', 127: 'radiotap', 228: 'raw IPv4', 229: 'raw IPv6', 276: 'Linux cooked v2' },
};

/** What is wrong with a frame as a packet for BPF_PROG_RUN; null: nothing, or nobody knows. */
export function linkProblem({ number, link_type }: Frame): string | null {
  const name = OTHER_LINKS[link_type];
  if (name === undefined) return null;
  return `frame ${number} is of link type ${link_type} (${name}), and packets begin with their Ethernet header here`;
}
