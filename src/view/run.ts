/** The run screen as text: the form, the history, and the panes of the run that is looked at. */
import { relative } from 'node:path';
import { RUN_FIELDS, type RunField, type Trial } from '../session/form.ts';
import { chosenObject, chosenProgram, packetCases, programsOf } from '../session/run.ts';
import type { State } from '../session/state.ts';
import { type FailureView, panesOf, redirectText } from './failure.ts';
import { clock, duration, type Line, plural, span } from './text.ts';

export interface RunFieldRow {
  readonly label: string;
  readonly value: string;
  /** What ← → and typing do here. */
  readonly hint: string;
  readonly selected: boolean;
}

export interface RunView {
  readonly fields: readonly RunFieldRow[];
  /** `run 3 of 5`. */
  readonly note: string;
  readonly busy: boolean;
  readonly error: string;
  readonly result: FailureView | null;
  readonly history: readonly Line[];
  readonly canChoose: boolean;
  readonly canType: boolean;
  readonly many: boolean;
}

function fieldText(state: State, field: RunField): string {
  const { form } = state;
  const object = chosenObject(state);
  if (field === 'object') return object === null ? '(none)' : relative(state.root, object);
  if (field === 'program') return chosenProgram(state) ?? '(none)';
  if (field === 'ctx') return form.ctx === '' ? '(none)' : form.ctx;
  if (field === 'repeat') return form.repeat;
  const from = state.cases.find((one) => one.id === form.from);
  if (from) return `case: ${from.name}`;
  return form.packet === '' ? '(none)' : form.packet;
}

function hintOf(state: State, field: RunField): string {
  if (field === 'object') return plural(state.tree.length, 'object');
  if (field === 'program') return plural(programsOf(state).length, 'program');
  if (field === 'packet') return `e: hex, FILE#N · ←→ ${plural(packetCases(state).length, 'case')}`;
  return field === 'ctx' ? 'e: {"mark": 7} or hex:…' : 'e · ←→';
}

function verdictText({ outcome }: Trial): string {
  const { result, returned } = outcome;
  if (!result) return outcome.verdict === 'skip' ? 'not supported' : 'did not run';
  if (result.fault) return `fault: ${result.fault.kind}`;
  return returned ?? String(result.retval);
}

function isBad({ outcome: { result } }: Trial): boolean {
  return !result || result.fault !== null || result.errno !== 0;
}

function historyLine(trial: Trial, shown: boolean): Line {
  const bad = isBad(trial);
  return [
    span(shown ? '▸ ' : '  ', 'accent'),
    span(`${trial.number}  ${clock(trial.at)}  `, 'dim'),
    span(trial.one.program, shown ? 'strong' : 'plain'),
    span(`  ${verdictText(trial)}`, bad ? 'bad' : 'good'),
    span(`  ${trial.packet}`, 'dim'),
  ];
}

/** Why there is nothing more to show, or what a redirect would have done. */
function factLines({ outcome }: Trial): Line[] {
  if (outcome.differences.length > 0) return outcome.differences.map((one) => [span(one.received, 'bad')]);
  if (outcome.reason !== '') return [[span(outcome.reason, 'bad')]];
  const redirect = outcome.result?.redirect;
  return redirect ? [[span(redirectText(redirect))]] : [];
}

/** `586 insns · 180 µs a run`. */
function tookText({ one, outcome: { result, took_ms } }: Trial): string {
  if (!result) return duration(took_ms);
  const mean = one.repeat > 1 ? ` · ${duration(result.duration_ns / 1e6)} a run, mean of ${one.repeat}` : '';
  return `${duration(took_ms)} · ${plural(result.insns_executed, 'insn')}${mean}`;
}

function resultOf(state: State, trial: Trial | undefined): FailureView | null {
  if (!trial) return null;
  const { one, outcome } = trial;
  const bad = isBad(trial);
  return {
    ...panesOf(state, one, outcome),
    facts: factLines(trial),
    title: [span(bad ? '✗ ' : '✓ ', bad ? 'bad' : 'good'), span(verdictText(trial), 'strong'), ...packetSpans(trial)],
    places: [tookText(trial)],
    took: '',
    difference: state.difference,
  };
}

/** What was run with which packet. */
function packetSpans({ number, one, packet }: Trial): Line {
  return [span(`  run ${number}: ${one.program}`, 'dim'), span(packet === '' ? '' : `, ${packet}`, 'dim')];
}

export function runView(state: State): RunView {
  const { form } = state;
  const trial = form.trials[form.shown];
  return {
    fields: RUN_FIELDS.map((field) => ({
      label: field,
      value: fieldText(state, field),
      hint: hintOf(state, field),
      selected: field === form.field,
    })),
    note: form.busy
      ? 'running'
      : trial
        ? `${form.trials.length - form.shown} of ${plural(form.trials.length, 'run')}`
        : '',
    busy: form.busy,
    error: form.error,
    result: resultOf(state, trial),
    history: form.trials.map((one, i) => historyLine(one, i === form.shown)),
    canChoose: form.field !== 'ctx',
    canType: form.field === 'packet' || form.field === 'ctx' || form.field === 'repeat',
    many: form.trials.length > 1,
  };
}
