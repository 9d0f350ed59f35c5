/** Values in a source file as trees with positions, whatever the syntax: what is written where, so that it can be rewritten in place. */

/** How literals and collections are written. */
export type Syntax = 'ts' | 'json' | 'yaml';

interface Range {
  /** Position of the first character. */
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
}

export interface SourceField extends Range {
  readonly name: string;
  readonly value: SourceNode;
}

export interface SourceObject extends Range {
  readonly kind: 'object';
  readonly fields: readonly SourceField[];
  /** It has more than its fields say: spreads, merge keys, computed names. */
  readonly open: boolean;
  /** YAML: a line a field, without braces. */
  readonly block: boolean;
}

export interface SourceArray extends Range {
  readonly kind: 'array';
  readonly items: readonly SourceNode[];
  /** Items are spread into it: positions say nothing. */
  readonly open: boolean;
  readonly block: boolean;
}

/** `word`: true, false, null. `other`: an expression of any kind, an alias. */
export interface SourceScalar extends Range {
  readonly kind: 'string' | 'number' | 'bigint' | 'word' | 'regexp' | 'other';
}

export type SourceNode = SourceObject | SourceArray | SourceScalar;

/** Of a field given twice the last one counts. */
export function fieldIn(node: SourceNode | null, name: string): SourceField | null {
  return node?.kind === 'object' ? (node.fields.findLast((field) => field.name === name) ?? null) : null;
}

/** Follows names and indices; null where there is no such place. */
export function nodeIn(node: SourceNode | null, path: readonly (string | number)[]): SourceNode | null {
  let at = node;
  for (const step of path) {
    if (at?.kind === 'object') at = fieldIn(at, String(step))?.value ?? null;
    else if (at?.kind === 'array' && !at.open && /^\d+$/.test(String(step))) at = at.items[Number(step)] ?? null;
    else return null;
  }
  return at;
}

export function isLiteral(node: SourceNode | null): node is SourceScalar {
  return node !== null && ['string', 'number', 'bigint', 'word'].includes(node.kind);
}

export function textOf(source: string, { start, end }: Range): string {
  return source.slice(start, end);
}

/** The innermost value that a text names at its beginning: `[0].expect.maps..bss.seen: is no number`. */
export function nodeNamed(root: SourceNode, text: string): SourceNode | null {
  let node: SourceNode = root;
  let rest = text;
  for (;;) {
    const inside = insideNamed(node, rest);
    if (inside === null) return node === root ? null : node;
    [node, rest] = inside;
  }
}

function insideNamed(node: SourceNode, text: string): [SourceNode, string] | null {
  const index = /^\[(\d+)\]/.exec(text);
  const item = index && node.kind === 'array' ? node.items[Number(index[1])] : undefined;
  if (index && item !== undefined) return [item, text.slice(index[0].length)];
  if (node.kind !== 'object') return null;
  const name = text.replace(/^\./, '');
  const named = node.fields.filter(
    (field) => name.startsWith(field.name) && /^(?:[.[:]|$)/.test(name.slice(field.name.length)),
  );
  const longest = named.sort((a, b) => b.name.length - a.name.length)[0];
  return longest === undefined ? null : [longest.value, name.slice(longest.name.length)];
}
