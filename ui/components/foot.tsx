/** The lines at the bottom: what happened lately, and the keys that do something now. */
import type { Line as LineOfText, ViewModel } from '../../src/view.ts';
import { cells, cut } from '../cells.ts';
import { keyHints } from '../keymap.ts';
import { Line, Lines } from './line.tsx';

const indent = { text: ' ', tag: 'plain' } as const;

export function EventLines({ vm, width, rows }: { vm: ViewModel; width: number; rows: number }) {
  const lines = Array.from({ length: rows }, (_, i): LineOfText => cut([indent, ...(vm.events[i] ?? [])], width));
  return <Lines lines={lines} />;
}

export function KeyLine({ vm, width }: { vm: ViewModel; width: number }) {
  const hints = keyHints(vm, width - 2, cells);
  const line = hints.flatMap(
    (hint, i): LineOfText => [
      { text: i === 0 ? ' ' : '  ', tag: 'plain' },
      { text: hint.shown, tag: 'strong' },
      { text: ` ${hint.short}`, tag: 'dim' },
    ],
  );
  return <Line line={cut(line, width)} />;
}
