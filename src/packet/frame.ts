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
