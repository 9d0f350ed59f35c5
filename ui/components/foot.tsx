/** The lines at the bottom: what happened lately, and the keys that do something now. */
import type { Line as LineOfText, ViewModel } from '../../src/view.ts';
import { apart, cells, cut } from '../cells.ts';
import { keyHints } from '../keymap.ts';
import { Line, Lines } from './line.tsx';

const indent = { text: ' ', tag: 'plain' } as const;

export function EventLines({ vm, width, rows }: { vm: ViewModel; width: number; rows: number }) {
  const lines = Array.from({ length: rows }, (_, i): LineOfText => cut([indent, ...(vm.events[i] ?? [])], width));
  return <Lines lines={lines} />;
}

/** What is typed, and how much it matches. */
function promptLine(prompt: NonNullable<ViewModel['prompt']>, width: number): LineOfText {
  const left: LineOfText = [
    { text: ` ${prompt.label} `, tag: 'accent' },
    { text: prompt.text, tag: 'strong' },
    { text: '▌', tag: 'accent' },
    { text: prompt.note === '' ? '' : `  ${prompt.note}`, tag: 'info' },
  ];
  return apart(left, [{ text: 'Enter keep  Esc drop ', tag: 'dim' }], width);
}

/** `notices`: the screen has no lines of events, so that what happened stands here until the next key. */
export function KeyLine({ vm, width, notices = false }: { vm: ViewModel; width: number; notices?: boolean }) {
  if (notices && vm.notice && !vm.prompt) return <Line line={cut([indent, ...vm.notice], width)} />;
  if (vm.prompt) return <Line line={promptLine(vm.prompt, width)} />;
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
