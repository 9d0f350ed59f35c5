/** Changes of a source text: values replaced, items and fields added or taken away, with commas, lines and indentation as they are. */
import type { SourceArray, SourceNode, SourceObject } from './source-tree.ts';

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function replaced({ start, end }: SourceNode, text: string): Edit {
  return { start, end, text };
}

/** Applies edits from the end on, so that positions stay true; of those at one position the first comes first. */
export function edited(text: string, edits: readonly Edit[]): string {
  return [...edits.entries()]
    .sort(([i, a], [j, b]) => b.start - a.start || b.end - a.end || j - i)
    .reduce((now, [, edit]) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), text);
}

export function overlap(a: Edit, b: Edit): boolean {
  return a.start < b.end && b.start < a.end;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** End of the line that the last character before `at` is on. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', text[at - 1] === '\n' ? at - 1 : at);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

function newline(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Blanks in front of a position, where nothing else stands there on its line; null otherwise. */
function indentAt(text: string, at: number): string | null {
  const before = text.slice(lineStart(text, at), at);
  return /^[ \t]*$/.test(before) ? before : null;
}

/** Behind the last of a collection's parts, in the manner of their commas and lines. */
function behindLast(text: string, last: { readonly start: number; readonly end: number }, added: string): Edit {
  const indent = indentAt(text, last.start);
  const end = lineEnd(text, last.end);
  // A comment behind the comma belongs to the part before.
  if (indent !== null && /^[ \t]*,[ \t]*(\/\/.*|\/\*.*\*\/[ \t]*)?$/.test(text.slice(last.end, end))) {
    return { start: end, end, text: `${newline(text)}${indent}${added},` };
  }
  const between = indent === null ? ', ' : `,${newline(text)}${indent}`;
  return { start: last.end, end: last.end, text: between + added };
}

/** A line of its own below the last part of a YAML block. */
function blockLine(
  text: string,
  block: SourceArray | SourceObject,
  last: { readonly end: number },
  added: string,
): Edit {
  const at = lineEnd(text, last.end);
  const indent = ' '.repeat(block.start - lineStart(text, block.start));
  return { start: at, end: at, text: `${newline(text)}${indent}${added}` };
}

/** Adds an item behind all others. */
export function itemAdded(text: string, list: SourceArray, item: string): Edit {
  const last = list.items.at(-1);
  if (last === undefined) return { start: list.start, end: list.end, text: `[${item}]` };
  return list.block ? blockLine(text, list, last, `- ${item}`) : behindLast(text, last, item);
}

/** Adds a field behind all others; `spaced`: blanks inside braces. */
export function fieldAdded(text: string, object: SourceObject, field: string, spaced: boolean): Edit {
  const last = object.fields.at(-1);
  if (last === undefined) {
    return { start: object.start, end: object.end, text: spaced ? `{ ${field} }` : `{${field}}` };
  }
  return object.block ? blockLine(text, object, last, field) : behindLast(text, last, field);
}

/** Takes items away, with a comma each; null where lines hold more than them. */
export function itemsRemoved(text: string, list: SourceArray, gone: ReadonlySet<number>): Edit[] | null {
  if (list.items.every((_, i) => gone.has(i))) return [{ start: list.start, end: list.end, text: '[]' }];
  if (list.block) return linesRemoved(text, list, gone);
  return [...gone].map((i) => {
    const [item, before, after] = [list.items[i]!, list.items[i - 1], list.items[i + 1]];
    const first = [...list.items.keys()].slice(0, i).every((one) => gone.has(one));
    if (!first) return { start: before!.end, end: item.end, text: '' };
    return { start: item.start, end: after?.start ?? item.end, text: '' };
  });
}

/** Whole lines, from an item's dash on. */
function linesRemoved(text: string, list: SourceArray, gone: ReadonlySet<number>): Edit[] | null {
  const edits: Edit[] = [];
  for (const i of gone) {
    const item = list.items[i]!;
    const dash = text.lastIndexOf('-', item.start);
    const start = lineStart(text, dash);
    if (!/^[ \t]*$/.test(text.slice(start, dash))) return null;
    const end = lineEnd(text, item.end) + newline(text).length;
    edits.push({ start, end: Math.min(text.length, end), text: '' });
  }
  return edits;
}
