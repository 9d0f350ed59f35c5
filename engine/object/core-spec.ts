/**
 * What a CO-RE relocation means: a path through the local type, found again by names in the target type.
 *
 * Worked example. The program was compiled with
 *
 *   struct sk___v1 { int family; union { struct { int a, b; }; int c[2]; }; } __attribute__((preserve_access_index));
 *   … = p->c[1];            // record: kind field_byte_offset, type struct sk___v1, access "0:1:1:1"
 *
 * Raw path: p[0], member 1 (the anonymous union), member 1 of it (c), element 1. Only what has a name or is an index
 * counts for the search: [0], .c, [1]; the offset in the local type is 4 (union) + 0 (c) + 4 = 8.
 * Candidates are the target's structs whose name without a ___flavour is `sk`. Say it has
 *
 *   struct sk { long cookie; short family; int c[4]; };
 *
 * Then .c is member 2 at 12, an array as in the local type, and [1] lies inside: 12 + 4 = 16. The load `r1 = *(u32 *)(r2 + 8)`
 * becomes `r1 = *(u32 *)(r2 + 16)`. Had `sk` no member c, the load would become a call that fails when it is reached,
 * and field_exists would be 0.
 */
import {
  arrayInfo,
  type BtfData,
  btfString,
  enumMayBeNamed,
  enumValueAt,
  isComposite,
  isEnum,
  KIND,
  kindOf,
  memberAt,
  memberIs,
  skipModifiers,
  vlenOf,
} from './btf.ts';
import type { CoreRecord } from './btf-ext.ts';
import { typeSize } from './btf-types.ts';
import { essentialName, fieldsCompatible, typesCompatible, typesMatch } from './core-compat.ts';

/** enum bpf_core_relo_kind (include/uapi/linux/bpf.h). */
export const CORE = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT_U64: 4,
  FIELD_RSHIFT_U64: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;

/** BPF_CORE_SPEC_MAX_LEN */
const PATH_MAX = 64;

export const isFieldKind = (kind: number) => kind <= CORE.FIELD_RSHIFT_U64;
export const isEnumKind = (kind: number) => kind === CORE.ENUMVAL_EXISTS || kind === CORE.ENUMVAL_VALUE;

/** A step that counts: an index (`name` is '') or a named member of `type_id`. */
interface Step {
  readonly type_id: number;
  readonly index: number;
  readonly name: string;
}

export interface CoreSpec {
  readonly btf: BtfData;
  readonly root: number;
  readonly kind: number;
  readonly steps: readonly Step[];
  readonly bit_offset: number;
}

/** Reads a record's path through its own type; a sentence when that cannot be done (bpf_core_parse_spec). */
export function parseSpec(btf: BtfData, record: CoreRecord): CoreSpec | string {
  const access = btfString(btf, record.access);
  const root = record.type_id;
  const spec = { btf, root, kind: record.kind, steps: [] as Step[], bit_offset: 0 };
  if (!/^\d+(:\d+)*$/.test(access))
    return `its access string ${JSON.stringify(access.slice(0, 40))} is not a list of indices`;
  if (record.kind > CORE.TYPE_MATCHES) return `its kind ${record.kind} is unknown`;
  const path = access.split(':').map(Number);
  if (path.length > PATH_MAX) return `its access string has ${path.length} steps, more than ${PATH_MAX}`;
  if (!isFieldKind(record.kind) && !isEnumKind(record.kind))
    return access === '0' ? spec : 'a relocation of a type has a path';
  const type = skipModifiers(btf, root);
  const first = path[0]!;
  if (isEnumKind(record.kind)) {
    if (!isEnum(btf, type) || path.length > 1 || first >= vlenOf(btf, type)) return 'it names no value of an enum';
    spec.steps.push({ type_id: type, index: first, name: enumValueAt(btf, type, first).name });
    return spec;
  }
  const size = typeSize(btf, type);
  if (size < 0) return 'its type has no size';
  spec.steps.push({ type_id: type, index: first, name: '' });
  spec.bit_offset = first * size * 8;
  return walkPath(spec, path, type);
}

type Draft = { btf: BtfData; root: number; kind: number; steps: Step[]; bit_offset: number };

function walkPath(spec: Draft, path: readonly number[], from: number): CoreSpec | string {
  const { btf } = spec;
  let type = from;
  for (const index of path.slice(1)) {
    type = skipModifiers(btf, type);
    if (isComposite(btf, type)) {
      if (index >= vlenOf(btf, type)) return `its type has no member ${index}`;
      const member = memberAt(btf, type, index);
      spec.bit_offset += member.bit_offset;
      if (member.name !== '') spec.steps.push({ type_id: type, index, name: member.name });
      type = member.type_id;
    } else if (kindOf(btf, type) === KIND.ARRAY) {
      const array = arrayInfo(btf, type);
      if (index >= array.nelems && !isFlexible(btf, spec.steps, array.nelems))
        return `its array has no element ${index}`;
      const element = skipModifiers(btf, array.type_id);
      const size = typeSize(btf, element);
      if (size < 0) return 'its array has elements without a size';
      spec.steps.push({ type_id: element, index, name: '' });
      spec.bit_offset += index * size * 8;
      type = element;
    } else {
      return 'its path goes through something that is neither struct nor array';
    }
  }
  return spec;
}

/** The array is the last member of its struct and has no length (is_flex_arr). */
function isFlexible(btf: BtfData, steps: readonly Step[], nelems: number): boolean {
  const last = steps[steps.length - 1]!;
  return last.name !== '' && nelems === 0 && last.index === vlenOf(btf, last.type_id) - 1;
}

/** Members that may still be looked at: types that fan out or have no end must not take for ever. */
export interface Work {
  left: number;
}

/** The same path in a candidate; null when it is not there (bpf_core_spec_match). */
export function matchSpec(local: CoreSpec, target: BtfData, root: number, work: Work): CoreSpec | null {
  const spec: Draft & { work: Work } = { btf: target, root, kind: local.kind, steps: [], bit_offset: 0, work };
  if (local.kind === CORE.TYPE_MATCHES) return typesMatch(local.btf, local.root, target, root) ? spec : null;
  if (isEnumKind(local.kind)) return matchEnum(local, spec);
  if (!isFieldKind(local.kind)) return typesCompatible(local.btf, local.root, target, root) ? spec : null;
  let type = root;
  for (const [i, step] of local.steps.entries()) {
    type = skipModifiers(target, type);
    if (step.name !== '') {
      const next = matchMember(local.btf, step, spec, type, 0);
      if (next < 0) return null;
      type = next;
      continue;
    }
    if (i > 0) {
      if (kindOf(target, type) !== KIND.ARRAY) return null;
      const array = arrayInfo(target, type);
      if (step.index >= array.nelems && !isFlexible(target, spec.steps, array.nelems)) return null;
      type = skipModifiers(target, array.type_id);
    }
    const size = typeSize(target, type);
    if (size < 0) return null;
    spec.steps.push({ type_id: type, index: step.index, name: '' });
    spec.bit_offset += step.index * size * 8;
  }
  return spec;
}

function matchEnum(local: CoreSpec, spec: Draft & { work: Work }): CoreSpec | null {
  const { btf } = spec;
  const type = skipModifiers(btf, spec.root);
  if (!isEnum(btf, type)) return null;
  const wanted = essentialName(local.steps[0]!.name);
  const count = vlenOf(btf, type);
  spec.work.left -= count;
  for (let index = 0; index < count && spec.work.left >= 0; index++) {
    if (!enumMayBeNamed(btf, type, index, wanted)) continue;
    if (essentialName(enumValueAt(btf, type, index).name) !== wanted) continue;
    spec.steps.push({ type_id: type, index, name: wanted });
    return spec;
  }
  return null;
}

/** Type of the member with the step's name, looked for in anonymous structs and unions too; -1 when there is none that fits. */
function matchMember(
  localBtf: BtfData,
  step: Step,
  spec: Draft & { work: Work },
  target: number,
  depth: number,
): number {
  if (!isComposite(spec.btf, target) || depth > 16) return -1;
  const count = vlenOf(spec.btf, target);
  const before = spec.bit_offset;
  spec.work.left -= count;
  if (spec.work.left < 0) return -1;
  for (let index = 0; index < count; index++) {
    const anonymous = memberIs(spec.btf, target, index, '');
    if (!anonymous && !memberIs(spec.btf, target, index, step.name)) continue;
    const member = memberAt(spec.btf, target, index);
    spec.bit_offset = before + member.bit_offset;
    if (anonymous) {
      const found = matchMember(localBtf, step, spec, skipModifiers(spec.btf, member.type_id), depth + 1);
      if (found >= 0) return found;
    } else {
      const local = memberAt(localBtf, step.type_id, step.index);
      if (!fieldsCompatible(localBtf, local.type_id, spec.btf, member.type_id)) return -1;
      spec.steps.push({ type_id: target, index, name: member.name });
      return member.type_id;
    }
  }
  spec.bit_offset = before;
  return -1;
}

/** The path in C, for messages: `struct sk_buff.cb[2]`. */
export function pathText(spec: CoreSpec, type: string): string {
  if (isEnumKind(spec.kind)) return `${type}::${spec.steps[0]!.name}`;
  return (
    type +
    spec.steps
      .slice(1)
      .map((s) => (s.name === '' ? `[${s.index}]` : `.${s.name}`))
      .join('')
  );
}
