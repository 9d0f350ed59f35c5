/** What keys and the driver do to the form of the run screen. */

import type { SettledCase } from '../test-case.ts';
import { RUN_FIELDS, type RunForm, type Trial } from './form.ts';
import type { State } from './state.ts';

const TRIALS_MAX = 50;

/** The object chosen, else the first; null: there is none. */
export function chosenObject(state: State): string | null {
  const paths = state.tree.map((node) => node.path);
  const { object } = state.form;
  return object !== null && paths.includes(object) ? object : (paths[0] ?? null);
}

/** Programs of the object chosen: all that it has where it was opened, else those of cases. */
export function programsOf(state: State): readonly string[] {
  const path = chosenObject(state);
  if (path === null) return [];
  const opened = state.programs.get(path);
  return opened ?? state.tree.find((node) => node.path === path)?.programs.map((p) => p.label) ?? [];
}

export function chosenProgram(state: State): string | null {
  const programs = programsOf(state);
  const { program } = state.form;
  return program !== null && programs.includes(program) ? program : (programs[0] ?? null);
}

/** Cases whose packet fits the program chosen. */
export function packetCases(state: State): SettledCase[] {
  const [object, program] = [chosenObject(state), chosenProgram(state)];
  return state.cases.filter((one) => one.object === object && one.program === program && one.data_in !== null);
}

function stepped<T>(list: readonly T[], at: number, by: number): T | undefined {
  return list[(Math.max(at, by > 0 ? -1 : 0) + by + list.length) % Math.max(1, list.length)];
}

function withForm(state: State, form: Partial<RunForm>): State {
  return { ...state, form: { ...state.form, error: '', ...form } };
}

/** The form as a case would run: what the cursor was on when the screen opened. */
export function fromCase(state: State, one: SettledCase): State {
  const { id, object, program, data_in } = one;
  return withForm(state, { object, program, from: data_in ? id : null });
}

/** ↑ and ↓. */
export function moveField(state: State, by: number): State {
  const at = RUN_FIELDS.indexOf(state.form.field) + by;
  const field = RUN_FIELDS[Math.max(0, Math.min(RUN_FIELDS.length - 1, at))];
  return field ? withForm(state, { field }) : state;
}

/** ← and →: the next object, program, or case whose packet to take; repeat goes by powers of ten. */
export function choose(state: State, by: 1 | -1): State {
  const { field, from, repeat } = state.form;
  if (field === 'object') {
    const paths = state.tree.map((node) => node.path);
    const object = stepped(paths, paths.indexOf(chosenObject(state) ?? ''), by) ?? null;
    return withForm(state, { object, program: null, from: null });
  }
  if (field === 'program') {
    const programs = programsOf(state);
    const program = stepped(programs, programs.indexOf(chosenProgram(state) ?? ''), by) ?? null;
    return withForm(state, { program, from: null });
  }
  if (field === 'packet') {
    const ids = packetCases(state).map((one) => one.id);
    return withForm(state, { from: stepped(ids, from === null ? -1 : ids.indexOf(from), by) ?? null });
  }
  if (field !== 'repeat') return state;
  const times = Number(repeat) || 1;
  return withForm(state, {
    repeat: String(Math.max(1, Math.min(1_000_000, by > 0 ? times * 10 : Math.floor(times / 10)))),
  });
}

export function typedField(state: State, field: 'packet' | 'ctx' | 'repeat', text: string): State {
  return withForm(state, { [field]: text, ...(field === 'packet' ? { from: null } : {}) });
}

export function showTrial(state: State, by: 1 | -1): State {
  const { trials, shown } = state.form;
  if (trials.length === 0) return state;
  return {
    ...withForm(state, { shown: Math.max(0, Math.min(trials.length - 1, shown - by)) }),
    scroll: 0,
    difference: -1,
  };
}

/** What the driver says of a run: it has begun, it cannot be, or it ended. */
export type RunNews =
  | { readonly type: 'busy' }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'trial'; readonly trial: Omit<Trial, 'number'> };

export function takeNews(state: State, news: RunNews): State {
  if (news.type === 'busy') return withForm(state, { busy: true });
  if (news.type === 'error') return withForm(state, { busy: false, error: news.message });
  const number = (state.form.trials[0]?.number ?? 0) + 1;
  const trials = [{ number, ...news.trial }, ...state.form.trials].slice(0, TRIALS_MAX);
  return { ...withForm(state, { busy: false, trials, shown: 0 }), scroll: 0, difference: -1 };
}
