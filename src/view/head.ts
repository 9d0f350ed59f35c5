/** The verdict, the counts, why it ran, and the events: what a run of all cases says in lines. */
import type { LogLine, RunRecord, State } from '../session/state.ts';
import { type Counts, isBad } from '../session/tree.ts';
import { clock, type Line, plural, reasonOf, type Span, span, type Tag } from './text.ts';

export function badge(state: State, n: Counts): Span {
  if (state.running) return span('… RUN', 'info');
  if (state.building !== null) return span('… BUILD', 'info');
  if (n.failed > 0 || state.errors.length > 0) return span('✗ FAIL', 'bad');
  if (state.absent.size > 0) return span('· WAIT', 'warn');
  if (state.last?.cancelled) return span('· STOPPED', 'warn');
  if (!state.loaded || (n.open > 0 && n.open === n.total)) return span('… START', 'info');
  if (n.total > 0 && n.passed === 0) return span('↷ NOTHING RAN', 'warn');
  return n.total === 0 ? span('· NO CASES', 'warn') : span('✓ PASS', 'good');
}

function joined(parts: readonly Span[]): Line {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [span(' · ', 'dim'), part]));
}

/** `waiting`: cases of objects that are not there, which are not among the counted ones. */
export function countsLine(state: State, n: Counts, waiting: number): Line {
  const parts: Span[] = [];
  const add = (count: number, word: string, tag: Tag) => {
    if (count > 0) parts.push(span(`${count} ${word}`, tag));
  };
  if (state.running) add(state.running.done, `of ${state.running.ids.size} done`, 'info');
  add(state.errors.length, state.errors.length === 1 ? 'file error' : 'file errors', 'bad');
  add(n.failed, 'failed', 'bad');
  add(n.passed, 'passed', 'good');
  add(n.skipped, 'skipped', 'warn');
  add(n.todo, 'todo', 'info');
  add(waiting, 'waiting', 'warn');
  if (!state.running) add(n.open, 'not run', 'dim');
  const line = joined(parts);
  const total = n.total + waiting;
  return total > 0 ? [...line, span(` (${total})`, 'dim')] : line;
}

export function historySign(record: RunRecord): Span {
  if (record.cancelled || record.ran + record.kept === 0) return span('·', 'warn');
  return record.failed > 0 ? span('✗', 'bad') : span('✓', 'good');
}

export function runTitle(state: State): Line {
  const now = state.running;
  if (state.paused) {
    const held = state.held.length > 0 ? `, ${plural(state.held.length, 'change')} held back` : '';
    return [span(`paused${held}`, 'warn')];
  }
  if (state.building !== null) return [span('building ', 'info'), span(state.building)];
  if (now) return joined([span(now.cause), span(`run ${now.run}`, 'dim')]);
  if (!state.last) return [span(state.loaded ? '' : 'reading cases', 'dim')];
  return joined([span(state.last.cause), span(`run ${state.last.run}`, 'dim'), span(clock(state.last.at), 'dim')]);
}

function firstReason(state: State, record: RunRecord): string {
  const [first] = record.broken;
  const one = state.cases.find((c) => c.id === first);
  const outcome = one && state.outcomes.get(one.id);
  if (!one || !outcome || !isBad(outcome)) return '';
  return outcome.refusal ? `: ${reasonOf(outcome)}` : `: ${one.name}: ${reasonOf(outcome)}`;
}

/** What there is to say of a run after which all is as it was before. */
function sameSpan(state: State, record: RunRecord): Span {
  if (record.failed > 0) return span(`still ${record.failed} failing`, 'bad');
  const last = record === state.last;
  if (last && state.errors.length > 0) return span(`${plural(state.errors.length, 'file')} with a mistake`, 'bad');
  const ran = !last || [...state.outcomes.values()].some((one) => one.verdict === 'pass');
  return ran ? span('all well', 'good') : span('nothing ran: all are skipped or to do', 'warn');
}

/** What a run did, for the event lines: how much ran and why, what broke or was mended. */
function runLine(state: State, record: RunRecord): Line {
  const ran = `${record.ran} rerun${record.kept > 0 ? `, ${record.kept} kept` : ''}`;
  const first = record.run === 1;
  const parts: Span[] = [span(record.cause), span(first ? plural(record.ran, 'case') : ran, 'dim')];
  if (record.cancelled) parts.push(span('stopped', 'warn'));
  if (record.broken.length > 0) {
    const what = `${record.broken.length} ${first ? 'failed' : 'newly failing'}`;
    parts.push(span(`${what}${firstReason(state, record)}`, 'bad'));
  }
  if (record.fixed > 0) parts.push(span(`${record.fixed} mended`, 'good'));
  const same = record.broken.length === 0 && record.fixed === 0 && !record.cancelled;
  const any = record.ran + record.kept > 0;
  if (same && any) parts.push(sameSpan(state, record));
  return joined(parts);
}

const LOG_TAGS = { plain: 'plain', good: 'good', bad: 'bad', warn: 'warn' } as const;

export function noticeLine({ text, tag }: LogLine): Line {
  return [span(text, LOG_TAGS[tag])];
}

/** Runs and other events together, the latest first. */
export function eventLines(state: State, most = EVENTS_MAX): Line[] {
  const runs = state.history.map((r) => ({ at: r.at, line: () => runLine(state, r) }));
  const logs = state.log.map((l) => ({ at: l.at, line: (): Line => [span(l.text, LOG_TAGS[l.tag])] }));
  const all = [...runs, ...logs].sort((a, b) => b.at - a.at).slice(0, most);
  return all.map(({ at, line }) => [span(`${clock(at)}  `, 'dim'), ...line()]);
}

const EVENTS_MAX = 40;
