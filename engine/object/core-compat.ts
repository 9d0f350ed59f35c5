/** When a target type may stand for a local one in CO-RE: by kind (fields, types) or member for member (type_matches). */
import {
  arrayInfo,
  type BtfData,
  enumValues,
  intInfo,
  isComposite,
  isEnum,
  KIND,
  kindFlag,
  kindOf,
  membersOf,
  nameOf,
  paramsOf,
  referredType,
  sizeField,
  skipModifiers,
  vlenOf,
} from './btf.ts';

const DEPTH_MAX = 32;

/** A name without its ___flavour (bpf_core_essential_name_len). */
export function essentialName(name: string): string {
  for (let i = name.length - 5; i >= 0; i--) {
    const flavour = name[i] !== '_' && name.startsWith('___', i + 1) && name[i + 4] !== '_';
    if (flavour) return name.slice(0, i + 1);
  }
  return name;
}

function sameKind(a: BtfData, aId: number, b: BtfData, bId: number): boolean {
  return kindOf(a, aId) === kindOf(b, bId) || (isEnum(a, aId) && isEnum(b, bId));
}

/** bpf_core_fields_are_compat: sizes, signs and member lists do not matter. */
export function fieldsCompatible(local: BtfData, localId: number, target: BtfData, targetId: number): boolean {
  let l = localId;
  let t = targetId;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    l = skipModifiers(local, l);
    t = skipModifiers(target, t);
    if (isComposite(local, l) && isComposite(target, t)) return true;
    if (!sameKind(local, l, target, t)) return false;
    switch (kindOf(local, l)) {
      case KIND.PTR:
      case KIND.FLOAT:
        return true;
      case KIND.FWD:
      case KIND.ENUM:
      case KIND.ENUM64:
        return nameOf(local, l) === '' || nameOf(target, t) === '' || sameEssentialName(local, l, target, t);
      case KIND.INT:
        return intInfo(local, l).bit_offset === 0 && intInfo(target, t).bit_offset === 0;
      case KIND.ARRAY:
        l = arrayInfo(local, l).type_id;
        t = arrayInfo(target, t).type_id;
        break;
      default:
        return false;
    }
  }
  return false;
}

function sameEssentialName(local: BtfData, l: number, target: BtfData, t: number): boolean {
  return essentialName(nameOf(local, l)) === essentialName(nameOf(target, t));
}

/** bpf_core_types_are_compat: the same kind all the way down; names only count at the root, where candidates were chosen by them. */
export function typesCompatible(
  local: BtfData,
  localId: number,
  target: BtfData,
  targetId: number,
  level = DEPTH_MAX,
): boolean {
  let l = localId;
  let t = targetId;
  if (level <= 0 || !sameKind(local, l, target, t)) return false;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    l = skipModifiers(local, l);
    t = skipModifiers(target, t);
    if (!sameKind(local, l, target, t)) return false;
    switch (kindOf(local, l)) {
      case KIND.VOID:
      case KIND.STRUCT:
      case KIND.UNION:
      case KIND.ENUM:
      case KIND.ENUM64:
      case KIND.FWD:
        return true;
      case KIND.INT:
        return intInfo(local, l).bit_offset === 0 && intInfo(target, t).bit_offset === 0;
      case KIND.PTR:
        l = referredType(local, l);
        t = referredType(target, t);
        break;
      case KIND.ARRAY:
        l = arrayInfo(local, l).type_id;
        t = arrayInfo(target, t).type_id;
        break;
      case KIND.FUNC_PROTO:
        if (!paramsCompatible(local, l, target, t, level)) return false;
        l = referredType(local, l);
        t = referredType(target, t);
        break;
      default:
        return false;
    }
  }
  return false;
}

function paramsCompatible(local: BtfData, l: number, target: BtfData, t: number, level: number): boolean {
  const mine = paramsOf(local, l);
  const theirs = paramsOf(target, t);
  return (
    mine.length === theirs.length &&
    mine.every((p, i) => {
      const [a, b] = [skipModifiers(local, p.type_id), skipModifiers(target, theirs[i]!.type_id)];
      return typesCompatible(local, a, target, b, level - 1);
    })
  );
}

/** One comparison of type_matches; `budget` bounds it in types that fan out. */
interface Matching {
  readonly local: BtfData;
  readonly target: BtfData;
  budget: number;
}

/** bpf_core_types_match: every local member is in the target under its name and matches too; behind pointers kinds suffice. */
export function typesMatch(local: BtfData, localId: number, target: BtfData, targetId: number): boolean {
  return match({ local, target, budget: 1_000_000 }, localId, targetId, false, DEPTH_MAX);
}

function match(m: Matching, localId: number, targetId: number, pointer: boolean, level: number): boolean {
  let l = localId;
  let t = targetId;
  let behind = pointer;
  if (level <= 0) return false;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    l = skipModifiers(m.local, l);
    t = skipModifiers(m.target, t);
    if (m.budget-- <= 0 || !namesMatch(m, l, t)) return false;
    const kind = kindOf(m.local, l);
    const same = kind === kindOf(m.target, t);
    switch (kind) {
      case KIND.VOID:
        return same;
      case KIND.FWD:
        return forwardMatches(m, l, t, behind);
      case KIND.ENUM:
      case KIND.ENUM64:
        return isEnum(m.target, t) && enumsMatch(m, l, t);
      case KIND.STRUCT:
      case KIND.UNION:
        return behind ? structBehindPointer(m, l, t) : same && membersMatch(m, l, t, level);
      case KIND.INT:
        return (
          same &&
          sizeField(m.local, l) === sizeField(m.target, t) &&
          intInfo(m.local, l).signed === intInfo(m.target, t).signed
        );
      case KIND.PTR:
        if (!same) return false;
        behind = true;
        l = referredType(m.local, l);
        t = referredType(m.target, t);
        break;
      case KIND.ARRAY:
        if (!same || arrayInfo(m.local, l).nelems !== arrayInfo(m.target, t).nelems) return false;
        l = arrayInfo(m.local, l).type_id;
        t = arrayInfo(m.target, t).type_id;
        break;
      case KIND.FUNC_PROTO:
        if (!same || !paramsMatch(m, l, t, behind, level)) return false;
        l = referredType(m.local, l);
        t = referredType(m.target, t);
        break;
      default:
        return false;
    }
  }
  return false;
}

function namesMatch(m: Matching, l: number, t: number): boolean {
  const theirs = nameOf(m.target, t);
  const mine = nameOf(m.local, l);
  return theirs === '' ? mine === '' : essentialName(mine) === essentialName(theirs);
}

function forwardMatches(m: Matching, l: number, t: number, behind: boolean): boolean {
  const union = kindFlag(m.local, l);
  const kind = kindOf(m.target, t);
  if (kind === KIND.FWD) return union === kindFlag(m.target, t);
  return behind && kind === (union ? KIND.UNION : KIND.STRUCT);
}

function structBehindPointer(m: Matching, l: number, t: number): boolean {
  const kind = kindOf(m.local, l);
  if (kind === kindOf(m.target, t)) return true;
  return kindOf(m.target, t) === KIND.FWD && (kind === KIND.UNION) === kindFlag(m.target, t);
}

function membersMatch(m: Matching, l: number, t: number, level: number): boolean {
  const theirs = new Map<string, number[]>();
  for (const other of membersOf(m.target, t)) {
    const name = essentialName(other.name);
    const types = theirs.get(name);
    if (types === undefined) theirs.set(name, [other.type_id]);
    else types.push(other.type_id);
  }
  m.budget -= vlenOf(m.target, t) + vlenOf(m.local, l);
  return (
    vlenOf(m.local, l) <= vlenOf(m.target, t) &&
    membersOf(m.local, l).every((mine) => {
      const types = theirs.get(essentialName(mine.name)) ?? [];
      return types.some((type) => match(m, mine.type_id, type, false, level - 1));
    })
  );
}

function enumsMatch(m: Matching, l: number, t: number): boolean {
  m.budget -= vlenOf(m.target, t) + vlenOf(m.local, l);
  const theirs = new Set(enumValues(m.target, t).map((v) => essentialName(v.name)));
  return (
    sizeField(m.local, l) === sizeField(m.target, t) &&
    enumValues(m.local, l).every((v) => theirs.has(essentialName(v.name)))
  );
}

function paramsMatch(m: Matching, l: number, t: number, behind: boolean, level: number): boolean {
  const mine = paramsOf(m.local, l);
  const theirs = paramsOf(m.target, t);
  return (
    mine.length === theirs.length && mine.every((p, i) => match(m, p.type_id, theirs[i]!.type_id, behind, level - 1))
  );
}
