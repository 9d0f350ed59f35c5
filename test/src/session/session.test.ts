/** The reducer: runs become outcomes and history, the cursor follows failures, keys fold, filter and go back. */
import { expect, test } from 'bun:test';
import type { RunEvent } from '../../../src/outcome.ts';
import { type Action, initialState, reduce, type State } from '../../../src/session/session.ts';
import { rowsOf } from '../../../src/session/state.ts';
import { view } from '../../../src/view.ts';
import { unexplained } from '../../../src/why/rerun.ts';
import { FAILED, outcomeOf, settled } from '../../support/settled.ts';

const a = settled('a');
const b = settled('b');
const c = settled('c', { object: '/p/build/fw.o', program: 'xdp_fw' });
const CASES = [a, b, c];

function after(...actions: Action[]): State {
  return actions.reduce(reduce, initialState('/p'));
}

const list: Action = { type: 'cases', cases: CASES, errors: [], objects: [] };
const events = (...all: RunEvent[]): Action => ({ type: 'events', events: all, at: 1000 });
const start = (run: number, cause = 'start'): RunEvent => ({ type: 'start', run, cause, cases: CASES, kept: 0 });
const end = (run: number, cancelled = false): RunEvent => ({ type: 'end', run, took_ms: 2, cancelled });
const passed = (run: number, one = a): RunEvent => ({ type: 'outcome', run, outcome: outcomeOf(one) });
const failed = (run: number, one = b): RunEvent => ({ type: 'outcome', run, outcome: outcomeOf(one, 'fail', FAILED) });
const command = (name: string, more = {}): Action => ({ type: 'command', command: { do: name, ...more } as never });

test('a run becomes outcomes and a line of history', () => {
  const state = after(list, events(start(1), passed(1), failed(1), passed(1, c), end(1)));
  expect(state.running).toBeNull();
  expect(state.outcomes.size).toBe(3);
  expect(state.history).toHaveLength(1);
  expect(state.last).toMatchObject({ run: 1, ran: 3, failed: 1, broken: [b.id], fixed: 0, cancelled: false });
});

test('the cursor goes to what broke, and stays where the user put it', () => {
  const broken = events(start(1), passed(1), failed(1), end(1));
  expect(after(list, broken).selected).toBe(b.id);
  const moved = after(list, command('edge', { end: 'first' }), broken);
  expect(moved.selected).toBe('o:/p/build/lb.o');
  expect(reduce(moved, command('back')).selected).toBe(b.id);
});

test('a case that is mended counts as fixed, and its failure remembers when it began', () => {
  const first = after(list, events(start(1), failed(1), end(1)), events(start(2, 'lb.o rebuilt'), failed(2), end(2)));
  expect(first.badSince.get(b.id)).toEqual({ run: 1, cause: 'start' });
  const mended = reduce(first, events(start(3), passed(3, b), end(3)));
  expect(mended.last?.fixed).toBe(1);
  expect(mended.badSince.size).toBe(0);
});

test('outcomes of a run that was replaced by another are not taken', () => {
  const state = after(list, events(start(1), start(2), failed(1), passed(2), end(1), end(2)));
  expect(state.outcomes.size).toBe(1);
  expect(state.last?.run).toBe(2);
});

test('why a case failed comes after its run, and belongs to the outcome until the next one', () => {
  const outcome = { ...outcomeOf(b, 'fail', FAILED), why: unexplained('no trace') };
  const details: Action = { type: 'details', outcome };
  const told = after(list, events(start(1), passed(1), failed(1), end(1)), details);
  expect(told.outcomes.get(b.id)).toMatchObject({ verdict: 'fail', why: { note: 'no trace' } });
  expect(reduce(reduce(told, events(start(2), passed(2, b), end(2))), details).outcomes.get(b.id)?.why).toBeUndefined();
});

test('cases that are gone take their outcomes with them', () => {
  const state = after(list, events(start(1), failed(1), end(1)), { ...list, cases: [a] } as Action);
  expect(state.outcomes.size).toBe(0);
  expect(state.badSince.size).toBe(0);
});

test('only what fails is listed while the filter is on, until Esc', () => {
  const state = after(list, events(start(1), passed(1), failed(1), passed(1, c), end(1)), command('only-failed'));
  expect(rowsOf(state).map((row) => row.key)).toEqual(['o:/p/build/lb.o', 'p:/p/build/lb.o:xdp_lb', b.id]);
  expect(rowsOf(reduce(state, command('back'))).length).toBeGreaterThan(3);
});

test('folding hides cases, and the cursor goes up from inside', () => {
  const inside = after(list, command('move', { by: 2 }), command('fold'));
  expect(inside.selected).toBe('p:/p/build/lb.o:xdp_lb');
  const folded = reduce(inside, command('fold'));
  expect(rowsOf(folded).some((row) => row.key === a.id)).toBe(false);
  expect(rowsOf(reduce(folded, command('unfold'))).some((row) => row.key === a.id)).toBe(true);
});

test('Enter opens a case, help takes all other keys', () => {
  const open = after(list, command('move', { by: 2 }), command('open'));
  expect(open.pane).toBe('detail');
  const help = reduce(open, command('overlay', { what: 'help' }));
  expect(reduce(help, command('only-failed')).onlyFailed).toBe(false);
  expect(reduce(help, command('back')).overlay).toBeNull();
});

test('objects without a case are listed with their programs', () => {
  const programs = new Map([['/p/build/new.o', ['p1', 'p2']]]);
  const state = after({ type: 'cases', cases: CASES, errors: [], objects: ['/p/build/new.o'], programs });
  const keys = rowsOf(state).map((row) => row.key);
  expect(keys).toContain('p:/p/build/new.o:p2');
});

const names = (state: State) => rowsOf(state).flatMap((row) => (row.kind === 'case' ? [row.one.name] : []));
const typed = (...keys: string[]) => keys.map((text) => command('type', { text }));

test('a name filter works while it is typed; Enter keeps it, Esc in the prompt drops it, Esc later clears it', () => {
  const typing = after(list, command('prompt', { kind: 'name' }), ...typed('X', 'd', 'p', '_'), ...typed('fw'));
  expect(names(typing)).toEqual(['c']);
  expect(names(reduce(typing, command('back')))).toEqual(['a', 'b', 'c']);
  const kept = reduce(typing, command('accept'));
  expect(kept.prompt).toBeNull();
  expect(names(kept)).toEqual(['c']);
  expect(names(reduce(kept, command('back')))).toEqual(['a', 'b', 'c']);
});

test('Esc in a prompt goes back to the filter as it was', () => {
  const kept = after(list, command('prompt', { kind: 'file' }), ...typed('fw.o'), command('accept'));
  expect(names(kept)).toEqual(['c']);
  const again = [command('prompt', { kind: 'file' }), command('erase', { what: 'all' }), ...typed('lb.o')];
  const typing = again.reduce(reduce, kept);
  expect(names(typing)).toEqual(['a', 'b']);
  expect(names(reduce(typing, command('back')))).toEqual(['c']);
});

test('a search goes to its first match at once, n and N go round', () => {
  const rows = (state: State) => rowsOf(state).map((row) => row.key);
  const searching = after(list, command('prompt', { kind: 'search' }), ...typed('xdp'), command('accept'));
  const [first, second] = rows(searching).filter((key) => key.startsWith('p:'));
  expect(searching.selected).toBe(first!);
  const next = reduce(searching, command('match', { by: 1 }));
  expect(next.selected).toBe(second!);
  expect(reduce(next, command('match', { by: 1 })).selected).toBe(first!);
  expect(reduce(searching, command('match', { by: -1 })).selected).toBe(second!);
  expect(reduce(searching, command('back')).search).toBe('');
});

test('only changed: what the last change made run, not what a key did', () => {
  const one = (run: number, cause: string): RunEvent => ({ type: 'start', run, cause, cases: [c], kept: 2 });
  const all = after(list, events(start(1), passed(1), end(1)), events(one(2, 'build/fw.o rebuilt'), end(2)));
  expect(names(reduce(all, command('only-changed')))).toEqual(['c']);
  const again = reduce(all, events(start(3, 'a: all cases'), end(3)));
  expect(names(reduce(again, command('only-changed')))).toEqual(['c']);
});

test('the selection stays on its case across reruns and filters', () => {
  const on = after(list, events(start(1), failed(1), end(1)), command('edge', { end: 'last' }));
  expect(on.selected).toBe(c.id);
  expect(reduce(on, events(start(2), failed(2, a), end(2))).selected).toBe(c.id);
});

test('[ and ] go through failing cases and stay open', () => {
  const open = after(list, events(start(1), failed(1, a), failed(1, c), end(1)), command('open'));
  expect(open.selected).toBe(a.id);
  const next = reduce(open, command('failure', { by: 1 }));
  expect([next.selected, next.pane]).toEqual([c.id, 'detail']);
  expect(reduce(next, command('failure', { by: 1 })).selected).toBe(a.id);
});

test('what came to nothing for one reason is folded under it, and unfolds when it runs again', () => {
  const refusal = { stage: 'open', errno: 0, message: 'not an ELF file', where: {} } as const;
  const refused = (one = a): RunEvent => ({
    type: 'outcome',
    run: 1,
    outcome: outcomeOf(one, 'error', { reason: refusal.message, refusal }),
  });
  const none = after(list, events(start(1), refused(a), refused(b), passed(1, c), end(1)));
  expect(rowsOf(none).map((row) => row.kind)).toEqual(['object', 'program', 'object', 'program', 'case']);
  const vm = view(none);
  expect(vm.rows.flatMap((row) => row.reason ?? []).map((span) => span.text)).toEqual(['not an ELF file']);
  expect(vm.rows[vm.cursor]?.reason).not.toBeNull();
  const opened = reduce(none, command('open'));
  expect(rowsOf(opened).filter((row) => row.kind === 'case')).toHaveLength(3);
  const mended = reduce(none, events(start(2), passed(2), passed(2, b), end(2)));
  expect(rowsOf(mended).filter((row) => row.kind === 'case')).toHaveLength(3);
});

test('cases of an object that is not there are not counted as passed', () => {
  const gone = after(list, events(start(1), passed(1), passed(1, b), passed(1, c), end(1)), {
    type: 'absent',
    absent: new Map([[a.object, 'missing']]),
  });
  expect(
    view(gone)
      .counts.map((span) => span.text)
      .join(''),
  ).toBe('1 passed · 2 waiting (3)');
});

test('where nothing ran nothing passed', () => {
  const skipped = (one = a): RunEvent => ({ type: 'outcome', run: 1, outcome: outcomeOf(one, 'skip') });
  const vm = view(after(list, events(start(1), skipped(a), skipped(b), skipped(c), end(1))));
  expect(vm.badge.text).toBe('↷ NOTHING RAN');
  expect(vm.events[0]?.map((span) => span.text).join('')).toContain('nothing ran');
});

test('a list that a filter left empty says why and what brings it back', () => {
  const typed = after(list, command('prompt', { kind: 'name' }), command('type', { text: 'zzz' }));
  expect(
    view(typed)
      .placeholder.flat()
      .map((span) => span.text),
  ).toEqual(['No case has “zzz” in its name or program.', 'Esc clears the filter.']);
  const good = after(list, events(start(1), passed(1), end(1)), command('only-failed'));
  expect(view(good).placeholder[0]?.[0]?.text).toBe('Nothing fails.');
});

test('what happened since the last key is a notice until the next', () => {
  const said = after(list, { type: 'log', line: { at: 1, text: 'wrote a.pcapng', tag: 'good' } });
  expect(view(said).notice?.map((span) => span.text)).toEqual(['wrote a.pcapng']);
  expect(view(reduce(said, command('move', { by: 1 }))).notice).toBeNull();
});
