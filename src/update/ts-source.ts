/** Object literals of TypeScript sources as trees with positions. */

import type { SourceArray, SourceField, SourceNode, SourceObject, SourceScalar } from './source-tree.ts';

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };
/** A slash behind one of these begins a regular expression; behind anything else it divides. */
const BEFORE_REGEXP = /[=(,:[!&|?{};+\-*%<>~^]$|\b(?:return|typeof|case|in|of)$|^$/;
const NUMBER = /-?(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)n?/y;
const WORD = /[A-Za-z_$][\w$]*/y;

/** Behind a string, template (with what is inside its holes), comment or regular expression that begins at `at`; `at` when none does. */
function behindToken(text: string, at: number, before: string): number {
  const c = text[at]!;
  if (c === "'" || c === '"') return behindQuoted(text, at, c);
  if (c === '`') return behindTemplate(text, at);
  if (c !== '/') return at;
  if (text[at + 1] === '/') return ended(text.indexOf('\n', at), text);
  if (text[at + 1] === '*') return ended(text.indexOf('*/', at + 2), text, 2);
  return BEFORE_REGEXP.test(before.trimEnd()) ? behindRegexp(text, at) : at;
}

function ended(at: number, text: string, more = 0): number {
  return at < 0 ? text.length : at + more;
}

function behindQuoted(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i + 1;
  }
  return text.length;
}

function behindTemplate(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text[i] === '$' && text[i + 1] === '{') i = behindBracket(text, i + 1) - 1;
  }
  return text.length;
}

function behindRegexp(text: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return at + 1;
}

/** Behind the bracket that closes the one at `at`. */
export function behindBracket(text: string, at: number): number {
  const close: string[] = [];
  for (let i = at; i < text.length; ) {
    const token = behindToken(text, i, text.slice(Math.max(at, i - 20), i));
    if (token > i) {
      i = token;
      continue;
    }
    const c = text[i]!;
    if (CLOSING[c]) close.push(CLOSING[c]);
    else if (c === close.at(-1)) close.pop();
    i++;
    if (close.length === 0) return i;
  }
  return text.length;
}

/** Behind blanks and comments. */
export function behindBlanks(text: string, at: number): number {
  for (let i = at; ; ) {
    while (/\s/.test(text[i] ?? '')) i++;
    if (text[i] !== '/' || (text[i + 1] !== '/' && text[i + 1] !== '*')) return i;
    i = behindToken(text, i, '');
  }
}

/** Behind an expression: at the comma or bracket that ends it. */
export function behindExpression(text: string, at: number): number {
  for (let i = at; i < text.length; ) {
    const c = text[i]!;
    if (c === ',' || c === '}' || c === ']' || c === ')' || c === ';') return i;
    const token = behindToken(text, i, text.slice(at, i));
    i = token > i ? token : CLOSING[c] ? behindBracket(text, i) : i + 1;
  }
  return text.length;
}

function matched(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** The value that begins at `at`, and with it its end; a literal that an operator follows is an expression. */
export function nodeAt(text: string, at: number): SourceNode {
  const start = behindBlanks(text, at);
  const node = literalAt(text, start);
  const end = behindExpression(text, start);
  const rest = node ? text.slice(behindBlanks(text, node.end), end).trim() : '-';
  return node && rest === '' ? node : { kind: 'other', start, end: start + text.slice(start, end).trimEnd().length };
}

function behindFlags(text: string, at: number): number {
  return at + (matched(/[a-z]*/y, text, at)?.length ?? 0);
}

function literalAt(text: string, start: number): SourceNode | null {
  const c = text[start];
  if (c === '{') return objectAt(text, start);
  if (c === '[') return arrayAt(text, start);
  if (c === '/') return { kind: 'regexp', start, end: behindFlags(text, behindToken(text, start, '')) };
  if (c === "'" || c === '"') return { kind: 'string', start, end: behindToken(text, start, '') };
  const number = matched(NUMBER, text, start);
  if (number) return { kind: number.endsWith('n') ? 'bigint' : 'number', start, end: start + number.length };
  const word = matched(WORD, text, start);
  return word && ['true', 'false', 'null'].includes(word) ? { kind: 'word', start, end: start + word.length } : null;
}

function arrayAt(text: string, start: number): SourceArray {
  const items: SourceNode[] = [];
  let open = false;
  let at = behindBlanks(text, start + 1);
  while (at < text.length && text[at] !== ']') {
    open ||= text.startsWith('...', at);
    const item = nodeAt(text, at);
    items.push(item);
    at = behindBlanks(text, behindExpression(text, item.end));
    if (text[at] === ',') at = behindBlanks(text, at + 1);
    else if (text[at] !== ']') break;
  }
  return { kind: 'array', start, end: at + 1, items, open, block: false };
}

function keyAt(text: string, at: number): { readonly name: string; readonly end: number } | null {
  const c = text[at];
  if (c === "'" || c === '"') {
    const end = behindToken(text, at, '');
    return { name: text.slice(at + 1, end - 1).replace(/\\(.)/g, '$1'), end };
  }
  const word = matched(WORD, text, at);
  if (word !== null) return { name: word, end: at + word.length };
  const number = matched(NUMBER, text, at);
  return number === null ? null : { name: String(Number(number.replaceAll('_', ''))), end: at + number.length };
}

/** What is spread or computed leaves it open; methods and shorthands are fields of kind `other`. */
function objectAt(text: string, start: number): SourceObject {
  const fields: SourceField[] = [];
  let open = false;
  let at = behindBlanks(text, start + 1);
  while (at < text.length && text[at] !== '}') {
    const key = keyAt(text, at);
    const colon = key ? behindBlanks(text, key.end) : at;
    let end: number;
    if (key && text[colon] === ':') {
      const value = nodeAt(text, colon + 1);
      fields.push({ name: key.name, start: at, end: value.end, value });
      end = behindExpression(text, value.end);
    } else {
      end = behindExpression(text, at);
      const value: SourceScalar = { kind: 'other', start: at, end };
      if (key) fields.push({ name: key.name, start: at, end, value });
      else open = true;
    }
    at = behindBlanks(text, end);
    if (text[at] === ',') at = behindBlanks(text, at + 1);
    else if (text[at] !== '}') break;
  }
  return { kind: 'object', start, end: at + 1, fields, open, block: false };
}

/** The innermost object literal around a position; null where there is none. */
export function objectAround(text: string, position: number): SourceNode | null {
  const open: number[] = [];
  for (let i = 0; i < position; ) {
    const token = behindToken(text, i, text.slice(Math.max(0, i - 20), i));
    if (token > i) {
      if (token > position) break;
      i = token;
      continue;
    }
    const c = text[i]!;
    if (CLOSING[c]) open.push(i);
    else if (c === '}' || c === ']' || c === ')') open.pop();
    i++;
  }
  const brace = open.at(-1);
  return brace !== undefined && text[brace] === '{' ? objectAt(text, brace) : null;
}

/** Where a case is named on or behind a line (from 1): the place of the quoted name; -1 when it is not there. */
export function namePosition(text: string, name: string, line: number): number {
  let from = 0;
  for (let n = 1; n < line; n++) from = text.indexOf('\n', from) + 1;
  const end = ended(text.indexOf('\n', from), text);
  for (const quoted of [`'${name.replace(/[\\']/g, '\\$&')}'`, JSON.stringify(name)]) {
    const at = text.slice(from, end).indexOf(quoted);
    if (at >= 0) return from + at;
  }
  return -1;
}
