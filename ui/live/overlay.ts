/** What lies over the tables of the live screen as lines of a width: all keys, the log, the command line. */
import type { Line, LiveViewModel } from '../../src/live-view.ts';
import { wrap } from '../cells.ts';
import { LIVE_KEYS } from './keys.ts';

const KEY_WIDTH = 9;
/** A blank at either side of the text. */
const AROUND = 4;

export interface OverlayText {
  readonly title: string;
  readonly lines: readonly Line[];
}

function helpLines(): Line[] {
  return LIVE_KEYS.map(
    ({ shown, help }): Line => [
      { text: shown.padEnd(KEY_WIDTH), tag: 'accent' },
      { text: help, tag: 'plain' },
    ],
  );
}

/** Null where the tables are to be seen. */
export function overlayText(vm: LiveViewModel, columns: number): OverlayText | null {
  const { title, lines } = vm.help ? { title: 'Keys', lines: helpLines() } : (vm.overlay ?? { title: '', lines: [] });
  if (title === '') return null;
  const wrapped = lines.flatMap((line) => wrap(line, columns - AROUND));
  return { title, lines: wrapped.map((line): Line => [{ text: ' ', tag: 'plain' }, ...line]) };
}
