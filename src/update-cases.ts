/** New expected values for cases that failed: rewritten in the case file where the value is a literal of its own, else said where to edit. */
import { quoted } from './init-literal.ts';
import type { Difference, TestOutcome } from './outcome.ts';
import { namePosition, nodeIn, objectAround, type SourceNode } from './source-literals.ts';
import type { SettledCase } from './test-case.ts';

/** One value in a file: the text of its line before and after. */
export interface Update {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** What has to be edited by hand. */
export interface ByHand {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly what: string;
  readonly why: string;
}

export interface Updates {
  /** New text of each file that changes. */
  readonly files: ReadonlyMap<string, string>;
  readonly updates: readonly Update[];
  readonly by_hand: readonly ByHand[];
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly name: string;
}

type Path = readonly (string | number)[];

/** Steps of `counters[0].packets`: names, and what stands in brackets. */
function pathOf(at: string): string[] {
  return [...at.matchAll(/\.?([^.[\]]+)|\[([^\]]*)\]/g)].map(([, name, index]) => name ?? index ?? '');
}

/** Where in `expect` the value that a difference is about can stand. */
function placesOf(d: Difference): Path[] {
  switch (d.field) {
    case 'retval':
    case 'errno':
    case 'data_size_out':
      return [[d.field]];
    case 'data_out':
    case 'ctx_out':
      return d.at === '' ? [] : [[d.field, d.at]];
    case 'redirect':
      return d.at === 'ifindex' ? [['redirect', 'ifindex'], ['redirect']] : d.at === '' ? [] : [['redirect', d.at]];
    case 'printk':
      return [['printk', Number(/^line (\d+)$/.exec(d.at)?.[1] ?? 0) - 1]];
    case 'maps': {
      const section = /^(\.[A-Za-z_]\w*(?:\.[a-z_]+)?)\.(.*)$/.exec(d.at);
      const path = section ? [section[1]!, ...pathOf(section[2]!)] : pathOf(d.at);
      return [['maps', ...path.map((step) => step)]];
    }
    default:
      return [];
  }
}

/** The literal for what was received, in the manner of the one that stands there; null when it cannot be one. */
function newLiteral(node: SourceNode, received: string): string | null {
  const [, word, number] = /^(\w+) \((-?\d+)\)$/.exec(received) ?? [];
  if (node.kind === 'string') {
    if (word) return quoted(word);
    return /^\(absent\)$|^no |^nothing$|^none$/.test(received) ? null : quoted(received);
  }
  if (node.kind !== 'number' && node.kind !== 'bigint') return null;
  const digits = number ?? (/^-?\d+$/.test(received) ? received : null);
  if (digits === null) return word ? quoted(word) : null;
  const large = !Number.isSafeInteger(Number(digits));
  return node.kind === 'bigint' || large ? `${digits}n` : digits;
}

/** Array indices are written as numbers, keys of objects as names. */
function followed(node: SourceNode | null, path: Path): SourceNode | null {
  let at = node;
  for (const step of path) {
    const index = at?.kind === 'array' && /^\d+$/.test(String(step)) ? Number(step) : String(step);
    at = nodeIn(at, [index]);
  }
  return at;
}

function isLiteral(node: SourceNode | null): node is SourceNode {
  return node !== null && ['string', 'number', 'bigint'].includes(node.kind);
}

/** Looks a difference up in the case's object: the edit, or why there is none. */
function editOf(one: SettledCase, outcome: TestOutcome, d: Difference, whole: SourceNode): Edit | string {
  const step = outcome.step ? nodeIn(whole, ['steps', outcome.step.number - 1]) : null;
  const places = placesOf(d);
  if (places.length === 0) return 'it is no single value';
  for (const place of places) {
    const own = followed(nodeIn(outcome.step ? step : whole, ['expect']), place);
    if (isLiteral(own)) {
      const text = newLiteral(own, d.received);
      return text === null ? `${d.received} is nothing that can stand there` : { ...own, text, name: one.name };
    }
    if (own) return 'it is computed, or an object or list';
    if (outcome.step && followed(nodeIn(whole, ['expect']), place)) return 'it holds for every step of the case';
  }
  return 'it is not written in the case itself (shared by a suite, or spread)';
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function lineText(text: string, line: number): string {
  return (text.split('\n')[line - 1] ?? '').trim();
}

/** Applies edits from the end on, so that positions stay true. */
function edited(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), text);
}

function whatOf(d: Difference): string {
  return `${d.field}${d.at === '' ? '' : ` ${d.at}`}: ${d.received}`;
}

function editsIn(
  file: string,
  text: string,
  failed: readonly (readonly [SettledCase, TestOutcome])[],
): { readonly edits: Edit[]; readonly by_hand: ByHand[] } {
  const edits: Edit[] = [];
  const by_hand: ByHand[] = [];
  for (const [one, outcome] of failed) {
    const last = one.name.split(' › ').at(-1)!;
    const at = /\.[cm]?[jt]s$/.test(file) ? namePosition(text, last, one.line) : -1;
    const whole = at < 0 ? null : objectAround(text, at);
    for (const d of outcome.differences) {
      const edit = whole ? editOf(one, outcome, d, whole) : 'the case is not written there as an object of its own';
      if (typeof edit !== 'string') edits.push(edit);
      else by_hand.push({ file, line: one.line, name: one.name, what: whatOf(d), why: edit });
    }
  }
  return { edits, by_hand };
}

/** What to write for cases that failed with differences; faults and errors are never what is expected. */
export function planUpdates(
  outcomes: readonly (readonly [SettledCase, TestOutcome])[],
  read: (file: string) => string,
): Updates {
  const failed = outcomes.filter(([, outcome]) => outcome.verdict === 'fail');
  const byFile = Map.groupBy(failed, ([one]) => one.file);
  const files = new Map<string, string>();
  const updates: Update[] = [];
  const by_hand: ByHand[] = [];
  for (const [file, list] of byFile) {
    const text = read(file);
    const found = editsIn(file, text, list);
    by_hand.push(...found.by_hand);
    if (found.edits.length === 0) continue;
    for (const edit of found.edits) {
      const line = lineAt(text, edit.start);
      const after = lineText(edited(text, [edit]), line);
      updates.push({ file, line, name: edit.name, before: lineText(text, line), after });
    }
    files.set(file, edited(text, found.edits));
  }
  return { files, updates, by_hand };
}
