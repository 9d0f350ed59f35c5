/** Lines of tagged text as strings with the terminal's own colour codes: a row of the screen is one string, drawn anew only when it changed. */
import type { Line, Tag } from '../src/view.ts';
import { toAscii } from './glyphs.ts';
import { BADGES, LOOKS, type Look } from './theme.ts';

/** SGR codes that switch a colour on (foreground; the background is 10 more). */
const COLOURS: Readonly<Record<string, number>> = { black: 30, red: 31, green: 32, yellow: 33, cyan: 36, white: 37 };

interface Codes {
  readonly on: string;
  readonly off: string;
}

function codesOf(look: Look): Codes {
  const on: number[] = [];
  const off: number[] = [];
  const colour = COLOURS[look.color ?? ''];
  const background = COLOURS[look.backgroundColor ?? ''];
  if (colour !== undefined) on.push(colour);
  if (colour !== undefined) off.push(39);
  if (background !== undefined) on.push(background + 10);
  if (background !== undefined) off.push(49);
  if (look.bold) on.push(1);
  if (look.dimColor) on.push(2);
  if (look.bold || look.dimColor) off.push(22);
  if (on.length === 0) return { on: '', off: '' };
  return { on: `\u001b[${on.join(';')}m`, off: `\u001b[${off.join(';')}m` };
}

function table(looks: Readonly<Partial<Record<Tag, Look>>>): ReadonlyMap<string, Codes> {
  return new Map(Object.entries(looks).map(([tag, look]) => [tag, codesOf(look)]));
}

const TEXT = table(LOOKS);
const BADGE = table(BADGES);

export interface PaintOptions {
  readonly colour: boolean;
  readonly ascii: boolean;
}

function painted(text: string, codes: Codes | undefined, options: PaintOptions): string {
  const safe = options.ascii ? toAscii(text) : text;
  return options.colour && codes && text !== '' ? codes.on + safe + codes.off : safe;
}

export function paint(line: Line, options: PaintOptions): string {
  let out = '';
  for (const { text, tag } of line) out += painted(text, TEXT.get(tag), options);
  return out;
}

/** The filled patch of the verdict. */
export function paintBadge(text: string, tag: Tag, options: PaintOptions): string {
  return painted(text, BADGE.get(tag), options);
}
