/** Where members of kernel structs lie, by the types that CO-RE relocations were resolved against. */
import { type BtfData, findType, isComposite, KIND, membersOf, skipModifiers } from './btf.ts';
import { typeSize } from './btf-types.ts';
import type { KernelStruct } from './spec.ts';

const DEPTH_MAX = 8;
const WORK_MAX = 10_000;

/** The structs among `names` that the types have; bit fields are left out. */
export function kernelStructs(btf: BtfData | null, names: readonly string[]): KernelStruct[] {
  if (btf === null) return [];
  return names.flatMap((name) => {
    const id = findType(btf, KIND.STRUCT, name);
    return id === 0 ? [] : [{ name, size: typeSize(btf, id), members: membersAt(btf, id, 0, 0) }];
  });
}

/** Members from `base` on; what anonymous structs and unions hold counts as the struct's own. */
function membersAt(btf: BtfData, id: number, base: number, depth: number): KernelStruct['members'] {
  if (depth > DEPTH_MAX) return [];
  return membersOf(btf, id).flatMap((member) => {
    const type = skipModifiers(btf, member.type_id);
    const offset = base + member.bit_offset / 8;
    if (member.name === '' && isComposite(btf, type)) return [...membersAt(btf, type, offset, depth + 1)];
    const size = typeSize(btf, member.type_id);
    const whole = Number.isInteger(offset) && member.bit_size === 0 && size > 0;
    return whole && member.name !== '' ? [{ name: member.name, offset, size }] : [];
  });
}

/** Structs that the kernel casts sockets to (bpf_skc_to_*), and the members of theirs that are filled. */
const SOCKETS = ['tcp_sock', 'tcp6_sock', 'udp6_sock', 'tcp_timewait_sock', 'tcp_request_sock'];
const SOCKET_MEMBERS: ReadonlySet<string> = new Set([
  ...['skc_daddr', 'skc_rcv_saddr', 'skc_dport', 'skc_num', 'skc_family', 'skc_state', 'skc_bound_dev_if'],
  ...['skc_v6_daddr', 'skc_v6_rcv_saddr', 'skc_cookie', 'sk_type', 'sk_protocol', 'sk_priority', 'sk_mark'],
  ...['snd_cwnd', 'snd_ssthresh', 'mss_cache'],
]);

/** The sockets' structs that the types have, with those members wherever they lie inside. */
export function socketStructs(btf: BtfData | null): KernelStruct[] {
  if (btf === null) return [];
  return SOCKETS.flatMap((name) => {
    const id = findType(btf, KIND.STRUCT, name);
    if (id === 0) return [];
    const search: Search = { btf, found: new Map(), left: WORK_MAX };
    collectMembers(search, id, 0, 0);
    return [{ name, size: typeSize(btf, id), members: [...search.found.values()] }];
  });
}

interface Search {
  readonly btf: BtfData;
  readonly found: Map<string, KernelStruct['members'][number]>;
  /** Structs to look into before it is given up. */
  left: number;
}

/** The first member of each name. */
function collectMembers(search: Search, id: number, base: number, depth: number): void {
  const { btf, found } = search;
  if (depth > DEPTH_MAX || search.left-- <= 0) return;
  for (const member of membersOf(btf, id)) {
    const { name } = member;
    const offset = base + member.bit_offset / 8;
    const type = skipModifiers(btf, member.type_id);
    if (SOCKET_MEMBERS.has(name)) {
      if (!found.has(name)) found.set(name, { name, offset, size: typeSize(btf, member.type_id) });
    } else if (isComposite(btf, type)) collectMembers(search, type, offset, depth + 1);
  }
}
