/** What lies over the screen as text: the log of events, and the command line that does what is under the cursor. */
import { relative } from 'node:path';
import { commandText, liveCaseCommand, liveCommand, runCommand, testCommand } from '../equal-command.ts';
import type { State } from '../session/state.ts';
import type { Row } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import { eventLines } from './head.ts';
import { type Line, span } from './text.ts';

export interface Overlay {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Blanks in front of what goes on in the next line. */
  readonly hang: number;
}

const heading = (words: string): Line => [span(words, 'dim')];
const command = (words: readonly string[]): Line => [span(commandText(words), 'accent')];

/** Of the run screen: the run that is looked at. */
function trialLines({ form, root }: State): Line[] {
  const trial = form.trials[form.shown];
  if (!trial) return [heading('Nothing ran by hand yet: Enter runs what the form says.')];
  return [heading(`Run ${trial.number}:`), command(runCommand(trial.one, root))];
}

function equalLines(state: State, row: Row | undefined): Line[] {
  if (state.screen === 'run') return trialLines(state);
  const all = [heading('This session:'), command(['bpfdeck', 'watch']), []];
  if (row?.kind === 'program')
    return [heading('These cases once:'), command(['bpfdeck', 'test', row.node.label]), [], ...all];
  if (row?.kind === 'object')
    return [heading('These cases once:'), command(['bpfdeck', 'test', row.node.label]), [], ...all];
  if (row?.kind !== 'case') return all;
  const first = row.one.steps
    ? 'Its first step by itself:'
    : 'The program by itself, with the same packet, context and maps:';
  const once = [heading('This case once:'), command(testCommand(row.one)), []];
  if (row.one.live)
    return [...once, heading('Its frames by themselves:'), command(liveCaseCommand(row.one, state.root)), [], ...all];
  return [
    ...once,
    ...[heading(first), command(runCommand(row.one, state.root)), []],
    ...(row.one.data_in ? liveLines(row.one, state.root) : []),
    ...all,
  ];
}

/** What is worth copying of it: a run of the case or by hand, else the cases of a group; null: nothing is chosen. */
export function equalCommand(state: State, row: Row | undefined): readonly string[] | null {
  const trial = state.form.trials[state.form.shown];
  if (state.screen === 'run') return trial ? runCommand(trial.one, state.root) : null;
  if (row?.kind === 'case')
    return row.one.live ? liveCaseCommand(row.one, state.root) : runCommand(row.one, state.root);
  return row && row.kind !== 'error' ? ['bpfdeck', 'test', row.node.label] : null;
}

function liveLines(one: SettledCase, root: string): Line[] {
  return [
    heading('Its packet as live frames, where the program is an XDP one (2):'),
    command(liveCommand(one, root)),
    [],
  ];
}

function changed(sign: string, text: string, tone: 'bad' | 'good'): Line[] {
  return text === '' ? [] : text.split('\n').map((line): Line => [span(sign + line, tone)]);
}

/** What would be written, as a diff; what is left to edit by hand. */
function planLines(state: State): Line[] {
  const { updates, by_hand } = state.plan ?? { updates: [], by_hand: [] };
  const place = (one: { readonly file: string; readonly line: number; readonly name: string }): Line => [
    span(`${relative(state.root, one.file)}:${one.line}`, 'strong'),
    span(`  ${one.name}`, 'dim'),
  ];
  return [
    ...updates.flatMap((one): Line[] => [
      place(one),
      ...changed('- ', one.before, 'bad'),
      ...changed('+ ', one.after, 'good'),
      [],
    ]),
    ...by_hand.flatMap((one): Line[] => [
      place(one),
      [span('  edit by hand: ', 'warn'), span(one.what)],
      [span(`  ${one.why}`, 'dim')],
      [],
    ]),
    updates.length > 0 ? [span('Write this? y / n', 'accent')] : [span('Nothing that could be written.', 'dim')],
  ];
}

/** Time and blanks before the text of an event. */
const TIME = 10;
const SIGN = 2;

export function overlayOf(state: State, row: Row | undefined): Overlay | null {
  const { overlay, log, history } = state;
  if (overlay === 'log') return { title: 'Log', lines: eventLines(state, log.length + history.length), hang: TIME };
  if (overlay === 'update') return { title: 'New expected values', lines: planLines(state), hang: SIGN };
  return overlay === 'equal' ? { title: 'Equal command', lines: equalLines(state, row), hang: 0 } : null;
}
