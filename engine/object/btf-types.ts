/** Sizes, alignment and C spelling of BTF types. */
import {
  arrayInfo,
  type BtfData,
  KIND,
  kindFlag,
  kindOf,
  memberAt,
  membersOf,
  nameOf,
  paramsOf,
  referredType,
  sizeField,
  skipModifiers,
  vlenOf,
} from './btf.ts';

const POINTER_SIZE = 8;
const DEPTH_MAX = 32;
/** Parameters spelled out: a prototype may have 65535 of its own kind. */
const PARAMS_MAX = 16;

/** Bytes of a value of the type (btf__resolve_size); -1 for void, functions and what has no size. */
export function typeSize(btf: BtfData, id: number): number {
  let at = id;
  let count = 1;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    at = skipModifiers(btf, at);
    switch (kindOf(btf, at)) {
      case KIND.INT:
      case KIND.STRUCT:
      case KIND.UNION:
      case KIND.ENUM:
      case KIND.ENUM64:
      case KIND.FLOAT:
      case KIND.DATASEC:
        return bounded(count * sizeField(btf, at));
      case KIND.PTR:
        return bounded(count * POINTER_SIZE);
      case KIND.VAR:
        at = referredType(btf, at);
        break;
      case KIND.ARRAY:
        count *= arrayInfo(btf, at).nelems;
        at = arrayInfo(btf, at).type_id;
        break;
      default:
        return -1;
    }
  }
  return -1;
}

function bounded(size: number): number {
  return size <= 0xffff_ffff ? size : -1;
}

/** Alignment of a type (btf__align_of); 0 where it has none. */
export function typeAlign(btf: BtfData, id: number): number {
  return alignOf(btf, id, new Map());
}

/** `known` keeps structs that are in each other many times from being looked at as often. */
function alignOf(btf: BtfData, id: number, known: Map<number, number>): number {
  const at = skipModifiers(btf, id);
  const found = known.get(at);
  if (found !== undefined) return found;
  known.set(at, 0);
  const align = ownAlign(btf, at, known);
  known.set(at, align);
  return align;
}

function ownAlign(btf: BtfData, at: number, known: Map<number, number>): number {
  switch (kindOf(btf, at)) {
    case KIND.INT:
    case KIND.ENUM:
    case KIND.ENUM64:
    case KIND.FLOAT:
      return Math.min(8, sizeField(btf, at));
    case KIND.PTR:
      return POINTER_SIZE;
    case KIND.ARRAY:
      return known.size > DEPTH_MAX ** 2 ? 0 : alignOf(btf, arrayInfo(btf, at).type_id, known);
    case KIND.STRUCT:
    case KIND.UNION:
      return known.size > DEPTH_MAX ** 2
        ? 0
        : membersOf(btf, at).reduce((align, m) => Math.max(align, alignOf(btf, m.type_id, known)), 1);
    default:
      return 0;
  }
}

const KEYWORD: { readonly [kind: number]: string } = {
  [KIND.STRUCT]: 'struct',
  [KIND.UNION]: 'union',
  [KIND.ENUM]: 'enum',
  [KIND.ENUM64]: 'enum',
  [KIND.DATASEC]: 'section',
};

/** C spelling of a type: `struct flow`, `__u32`, `const char *`, `__u8[6]`, `int (*)(void *)`. */
export function typeName(btf: BtfData, id: number): string {
  return declare(btf, id, '', 0);
}

/** A declaration of `inner` as a value of the type: `int (*cb)(void *)` for a pointer to a function and `cb`. */
export function typeDeclaration(btf: BtfData, id: number, name: string): string {
  return declare(btf, id, name, 0);
}

function declare(btf: BtfData, id: number, inner: string, depth: number): string {
  if (depth > DEPTH_MAX) return '…';
  const kind = kindOf(btf, id);
  const target = referredType(btf, id);
  switch (kind) {
    case KIND.PTR: {
      const behind = kindOf(btf, target);
      const wrapped = behind === KIND.FUNC_PROTO || behind === KIND.ARRAY ? `(*${inner})` : `*${inner}`;
      return declare(btf, target, wrapped, depth + 1);
    }
    case KIND.ARRAY: {
      const { type_id, nelems } = arrayInfo(btf, id);
      return declare(btf, type_id, `${inner}[${nelems === 0 ? '' : nelems}]`, depth + 1);
    }
    case KIND.FUNC_PROTO:
      return declare(btf, target, `${inner}(${params(btf, id, depth)})`, depth + 1);
    case KIND.CONST:
    case KIND.VOLATILE:
    case KIND.RESTRICT:
      return qualify(btf, target, QUALIFIER[kind]!, inner, depth);
    case KIND.TYPE_TAG:
      return declare(btf, target, inner, depth + 1);
    case KIND.VAR:
    case KIND.FUNC:
      return declare(btf, target, inner, depth + 1);
    default:
      return join(baseName(btf, id), inner);
  }
}

const QUALIFIER: { readonly [kind: number]: string } = {
  [KIND.CONST]: 'const',
  [KIND.VOLATILE]: 'volatile',
  [KIND.RESTRICT]: 'restrict',
};

/** `const char *` qualifies what is pointed to, `char *const` the pointer. */
function qualify(btf: BtfData, target: number, word: string, inner: string, depth: number): string {
  if (kindOf(btf, target) === KIND.PTR) return declare(btf, target, join(word, inner), depth + 1);
  return `${word} ${declare(btf, target, inner, depth + 1)}`;
}

function join(base: string, inner: string): string {
  if (inner === '' || inner.startsWith('[')) return base + inner;
  return `${base} ${inner}`;
}

function baseName(btf: BtfData, id: number): string {
  const kind = kindOf(btf, id);
  if (kind === KIND.VOID) return 'void';
  const name = nameOf(btf, id);
  if (kind === KIND.FWD) return `${kindFlag(btf, id) ? 'union' : 'struct'} ${name}`;
  const word = KEYWORD[kind];
  if (word === undefined) return name;
  return name === '' ? `${word} {…}` : `${word} ${name}`;
}

function params(btf: BtfData, id: number, depth: number): string {
  if (depth > 6) return '…';
  if (vlenOf(btf, id) === 0) return 'void';
  const all = paramsOf(btf, id);
  const list = all.slice(0, PARAMS_MAX);
  const more = all.length > PARAMS_MAX ? ', …' : '';
  return list
    .map((p, i) => (p.type_id === 0 && i === all.length - 1 ? '...' : declare(btf, p.type_id, p.name, depth + 1)))
    .join(', ')
    .concat(more);
}

/** A member as people want to see it: anonymous structs and unions keep their place with an empty name. */
export interface TypeMember {
  readonly name: string;
  readonly type_id: number;
  /** C spelling of the type. */
  readonly type: string;
  /** Bytes from the start of the type. */
  readonly offset: number;
  /** Bytes, -1 when unknown. */
  readonly size: number;
  /** Bits of a bit field and its first bit counted from `offset`; 0 when it is none. */
  readonly bits: number;
  readonly bit: number;
}

/** Members of a struct or union behind typedefs and qualifiers; empty for other types. */
export function typeMembers(btf: BtfData, id: number): TypeMember[] {
  const at = skipModifiers(btf, id);
  return membersOf(btf, at).map((_, i) => {
    const m = memberAt(btf, at, i);
    return {
      name: m.name,
      type_id: m.type_id,
      type: typeName(btf, m.type_id),
      offset: m.bit_offset >>> 3,
      size: typeSize(btf, m.type_id),
      bits: m.bit_size,
      bit: m.bit_size === 0 ? 0 : m.bit_offset & 7,
    };
  });
}
