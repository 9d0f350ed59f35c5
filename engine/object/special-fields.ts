/** Fields of a map value that the kernel owns (btf_parse_fields): locks, timers, lists, trees, kernel pointers. */
import {
  arrayInfo,
  type BtfData,
  KIND,
  kindOf,
  membersOf,
  nameOf,
  referredType,
  secVars,
  skipModifiers,
  vlenOf,
} from './btf.ts';
import { typeSize } from './btf-types.ts';

export interface SpecialTypeField {
  readonly kind: 'spin_lock' | 'timer' | 'other';
  readonly offset: number;
  readonly size: number;
}

const STRUCTS: ReadonlyMap<string, SpecialTypeField['kind']> = new Map([
  ['bpf_spin_lock', 'spin_lock'],
  ['bpf_res_spin_lock', 'other'],
  ['bpf_timer', 'timer'],
  ['bpf_wq', 'other'],
  ['bpf_task_work', 'other'],
  ['bpf_list_head', 'other'],
  ['bpf_list_node', 'other'],
  ['bpf_rb_root', 'other'],
  ['bpf_rb_node', 'other'],
  ['bpf_refcount', 'other'],
]);

/** Type tags that make a pointer a kernel pointer. */
const POINTER_TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);

/** BTF_FIELDS_MAX is 11: what a kernel would refuse is cut here. */
const FIELDS_MAX = 64;
const WORK_MAX = 100_000;

/** Special fields of a value type, ascending by offset; empty where there are none. */
export function specialFields(btf: BtfData, valueTypeId: number): SpecialTypeField[] {
  const fields: SpecialTypeField[] = [];
  collect({ btf, fields, left: WORK_MAX }, valueTypeId, 0, 0);
  return fields.sort((a, b) => a.offset - b.offset);
}

interface Search {
  readonly btf: BtfData;
  readonly fields: SpecialTypeField[];
  left: number;
}

function collect(s: Search, typeId: number, at: number, depth: number): void {
  const { btf } = s;
  const id = skipModifiers(btf, typeId);
  if (depth > 8 || s.left-- <= 0 || s.fields.length >= FIELDS_MAX) return;
  switch (kindOf(btf, id)) {
    case KIND.STRUCT: {
      const kind = STRUCTS.get(nameOf(btf, id));
      s.left -= vlenOf(btf, id);
      if (kind !== undefined) s.fields.push({ kind, offset: at, size: Math.max(0, typeSize(btf, id)) });
      else
        for (const m of membersOf(btf, id))
          if (m.bit_size === 0) collect(s, m.type_id, at + m.bit_offset / 8, depth + 1);
      break;
    }
    case KIND.PTR:
      if (hasPointerTag(btf, id)) s.fields.push({ kind: 'other', offset: at, size: 8 });
      break;
    case KIND.ARRAY: {
      const { type_id, nelems } = arrayInfo(btf, id);
      const size = typeSize(btf, type_id);
      // Most arrays are of plain numbers: the first element tells.
      const before = s.fields.length;
      if (size > 0 && nelems > 0) collect(s, type_id, at, depth + 1);
      const more = s.fields.length > before;
      for (let i = 1; more && i < nelems && s.fields.length < FIELDS_MAX; i++)
        collect(s, type_id, at + i * size, depth + 1);
      break;
    }
    case KIND.DATASEC:
      for (const v of secVars(btf, id)) collect(s, referredType(btf, v.type_id), at + v.offset, depth + 1);
      break;
    default:
  }
}

function hasPointerTag(btf: BtfData, pointer: number): boolean {
  let id = referredType(btf, pointer);
  for (let depth = 0; depth < 16; depth++) {
    const kind = kindOf(btf, id);
    if (kind === KIND.TYPE_TAG && POINTER_TAGS.has(nameOf(btf, id))) return true;
    if (kind !== KIND.TYPE_TAG && (kind < KIND.VOLATILE || kind > KIND.RESTRICT)) return false;
    id = referredType(btf, id);
  }
  return false;
}
