/** The last lines of the live screen over the keys: what to do about the worst loss, why, and what the last key came to. */
import type { Hint, Line, LiveViewModel } from '../../src/live-view.ts';
import { cut, wrap } from '../cells.ts';

const HEAD = ' hint  ';
const INDENT = ' '.repeat(HEAD.length);
const NOTHING: Line = [{ text: 'nothing is lost that the program did not ask for', tag: 'dim' }];

function hintText({ mend, why, tag }: Hint): { mend: Line; why: Line } {
  return { mend: mend === '' ? [] : [{ text: mend, tag: 'strong' }], why: [{ text: why, tag }] };
}

/** In one line where there is one, else what to do above why, each as long as there is room. */
function bodyLines(hints: readonly Hint[], width: number, height: number): Line[] {
  if (hints.length === 0) return [NOTHING];
  if (height === 1) {
    const { mend, why } = hintText(hints[0]!);
    return [mend.length === 0 ? why : [...mend, { text: '  ', tag: 'plain' }, ...why]];
  }
  return hints.flatMap((hint) => {
    const { mend, why } = hintText(hint);
    return [mend, why].flatMap((line) => (line.length === 0 ? [] : wrapped(line, width, height)));
  });
}

/** Whole where that leaves room for what follows. */
function wrapped(line: Line, width: number, height: number): Line[] {
  return height < 4 ? [line] : wrap(line, width);
}

function searchLine({ text, typing, matches }: NonNullable<LiveViewModel['search']>): Line {
  const count = text === '' ? '' : `${matches} match${matches === 1 ? '' : 'es'}`;
  return [
    { text: ' /', tag: 'accent' },
    { text: `${text}${typing ? '▌' : ''}  `, tag: 'plain' },
    { text: count, tag: matches === 0 ? 'warn' : 'dim' },
  ];
}

/** Exactly `height` lines. */
export function hintLines(vm: LiveViewModel, width: number, height: number): Line[] {
  const { notice, hints, search } = vm;
  const said: Line[] =
    search === null ? (notice === null ? [] : [[{ text: ' ', tag: 'plain' }, notice]]) : [searchLine(search)];
  const room = height - said.length;
  const body = room > 0 ? bodyLines(hints, width - HEAD.length, room) : [];
  const lines = Array.from({ length: Math.max(0, room) }, (_, i): Line => {
    const line = body[i];
    if (line === undefined) return [];
    return [{ text: i === 0 ? HEAD : INDENT, tag: hints.length === 0 ? 'dim' : 'warn' }, ...line];
  });
  return [...lines, ...said].slice(0, Math.max(0, height)).map((line) => cut(line, width));
}
