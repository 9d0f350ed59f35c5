/** The run screen as text: the form, the history, and the panes of the run that is looked at. */
import { relative } from 'node:path';
import { RUN_FIELDS, type RunField, type Trial } from './session-form.ts';
import { chosenObject, chosenProgram, packetCases, programsOf } from './session-run.ts';
import type { State } from './session-state.ts';
import { type FailureView, panesOf } from './view-failure.ts';
import { clock, duration, type Line, plural, span } from './view-text.ts';

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
  const result = outcome.result;
  if (!result) return outcome.reason || 'did not run';
  if (result.fault) return `fault: ${result.fault.kind}`;
  if (result.errno !== 0) return `errno ${result.errno}`;
  return `retval ${result.retval}`;
}

function historyLine(trial: Trial, shown: boolean): Line {
  const bad = !trial.outcome.result || trial.outcome.result.fault !== null || trial.outcome.result.errno !== 0;
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
  if (outcome.differences.length > 0) {
    return outcome.differences.map((one) => [span(`${one.field}  `, 'strong'), span(one.received, 'bad')]);
  }
  if (outcome.reason !== '') return [[span(outcome.reason, 'bad')]];
  const redirect = outcome.result?.redirect;
  if (!redirect) return [[span('no expectations', 'dim')]];
  const target = redirect.map === null ? `ifindex ${redirect.target}` : `${redirect.map}[${redirect.key}]`;
  return [[span(`${redirect.helper} → ${target}`)]];
}

function resultOf(state: State, trial: Trial | undefined): FailureView | null {
  if (!trial) return null;
  const { one, outcome } = trial;
  const insns = outcome.result ? ` · ${outcome.result.insns_executed} insns` : '';
  const mean = outcome.result ? ` · ${Math.round(outcome.result.duration_ns)} ns a run` : '';
  const bad = outcome.verdict === 'fail' || outcome.verdict === 'error';
  return {
    ...panesOf(state, one, outcome),
    facts: factLines(trial),
    title: [span(bad ? '✗ ' : '✓ ', bad ? 'bad' : 'good'), span(verdictText(trial), 'strong')],
    place: `run ${trial.number}`,
    took: `${duration(outcome.took_ms)}${insns}${mean}`,
    difference: state.difference,
  };
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
