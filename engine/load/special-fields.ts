/** Fields of a map's value that the kernel owns, found by the names of their types (btf_parse_fields). */
import type { SpecialField } from '../maps/map.ts';
import {
  type BtfData,
  isComposite,
  KIND,
  kindOf,
  membersOf,
  nameOf,
  referredType,
  secVars,
  sizeField,
  skipModifiers,
} from '../object/btf.ts';

const KINDS: ReadonlyMap<string, SpecialField['kind']> = new Map([
  ['bpf_spin_lock', 'spin_lock'],
  ['bpf_timer', 'timer'],
  ...[
    'bpf_res_spin_lock',
    'bpf_wq',
    'bpf_refcount',
    'bpf_list_head',
    'bpf_list_node',
    'bpf_rb_root',
    'bpf_rb_node',
  ].map((name): [string, SpecialField['kind']] => [name, 'other']),
]);
/** Tags of pointers that the kernel keeps in values. */
const KPTR_TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);
const NESTING_MAX = 8;

/** Special fields of a value type, ascending: members of the struct and of structs inside it, variables of a data section. */
export function specialFields(btf: BtfData, typeId: number): SpecialField[] {
  const found: SpecialField[] = [];
  collect(btf, skipModifiers(btf, typeId), 0, NESTING_MAX, found);
  return found.sort((a, b) => a.offset - b.offset);
}

function collect(btf: BtfData, id: number, base: number, depth: number, found: SpecialField[]): void {
  const parts = kindOf(btf, id) === KIND.DATASEC ? variablesOf(btf, id) : structMembers(btf, id);
  for (const { type_id, offset } of parts) {
    const at = base + offset;
    const type = skipModifiers(btf, type_id);
    const kind = kindOf(btf, type) === KIND.STRUCT ? KINDS.get(nameOf(btf, type)) : undefined;
    if (kind !== undefined) found.push({ kind, offset: at, size: sizeField(btf, type) });
    else if (isKptr(btf, type)) found.push({ kind: 'other', offset: at, size: 8 });
    else if (depth > 0 && kindOf(btf, type) === KIND.STRUCT) collect(btf, type, at, depth - 1, found);
  }
}

interface Part {
  readonly type_id: number;
  readonly offset: number;
}

function structMembers(btf: BtfData, id: number): Part[] {
  if (!isComposite(btf, id) || kindOf(btf, id) === KIND.UNION) return [];
  return membersOf(btf, id).map((member) => ({ type_id: member.type_id, offset: member.bit_offset >>> 3 }));
}

function variablesOf(btf: BtfData, id: number): Part[] {
  return secVars(btf, id).map((one) => ({ type_id: referredType(btf, one.type_id), offset: one.offset }));
}

function isKptr(btf: BtfData, id: number): boolean {
  if (kindOf(btf, id) !== KIND.PTR) return false;
  const target = referredType(btf, id);
  return kindOf(btf, target) === KIND.TYPE_TAG && KPTR_TAGS.has(nameOf(btf, target));
}
