/** What lies over the screen as text: the log of events, and the command line that does what is under the cursor. */
import { commandText, runCommand, testCommand } from './equal-command.ts';
import type { State } from './session-state.ts';
import type { Row } from './session-tree.ts';
import { eventLines } from './view-head.ts';
import { type Line, span } from './view-text.ts';

export interface Overlay {
  readonly title: string;
  readonly lines: readonly Line[];
}

const heading = (words: string): Line => [span(words, 'dim')];
const command = (words: readonly string[]): Line => [span(commandText(words), 'accent')];

function equalLines(state: State, row: Row | undefined): Line[] {
  const all = [heading('This session:'), command(['bpfdeck', 'watch']), []];
  if (row?.kind === 'program')
    return [heading('These cases once:'), command(['bpfdeck', 'test', row.node.label]), [], ...all];
  if (row?.kind === 'object')
    return [heading('These cases once:'), command(['bpfdeck', 'test', row.node.label]), [], ...all];
  if (row?.kind !== 'case') return all;
  const first = row.one.steps
    ? 'Its first step by itself:'
    : 'The program by itself, with the same packet, context and maps:';
  return [
    ...[heading('This case once:'), command(testCommand(row.one)), []],
    ...[heading(first), command(runCommand(row.one, state.root)), []],
    ...all,
  ];
}

export function overlayOf(state: State, row: Row | undefined): Overlay | null {
  if (state.overlay === 'log')
    return { title: 'Log', lines: eventLines(state, state.log.length + state.history.length) };
  return state.overlay === 'equal' ? { title: 'Equal command', lines: equalLines(state, row) } : null;
}
