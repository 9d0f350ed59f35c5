/** What each tag looks like, in the terminal's own sixteen colours; signs and words say the same without them. */
import type { TextProps } from 'ink';
import type { Tag } from '../src/view.ts';

export type Look = Pick<TextProps, 'color' | 'backgroundColor' | 'bold' | 'dimColor'>;

export const LOOKS: Readonly<Record<Tag, Look>> = {
  plain: {},
  strong: { bold: true },
  dim: { dimColor: true },
  good: { color: 'green' },
  bad: { color: 'red' },
  warn: { color: 'yellow' },
  info: { color: 'cyan' },
  accent: { color: 'cyan', bold: true },
};

/** The verdict's badge on line 2: the one filled patch of the screen. */
export const BADGES: Readonly<Partial<Record<Tag, Look>>> = {
  good: { color: 'black', backgroundColor: 'green', bold: true },
  bad: { color: 'white', backgroundColor: 'red', bold: true },
  warn: { color: 'black', backgroundColor: 'yellow', bold: true },
  info: { color: 'black', backgroundColor: 'cyan', bold: true },
};

export const BORDER: Look = { dimColor: true };
