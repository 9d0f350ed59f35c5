/** An open case in panes: what it gave beside what was expected, its packet, maps, printk lines, and the place of its fault. */
import { basename, relative } from 'node:path';
import type { ProgRunResult, RedirectTarget } from '../../engine/index.ts';
import { shownStep, stepText } from '../cases/steps.ts';
import { sidesOf } from '../expect/mismatch-words.ts';
import type { Difference, TestOutcome } from '../outcome.ts';
import { failureIndex, type State } from '../session/state.ts';
import type { SettledCase } from '../test-case.ts';
import { liveCountsPane, livePacketPane } from './live-case.ts';
import { comparePackets, onePacket, type PacketPane } from './packet.ts';
import { mapsPane, printkPane } from './panes.ts';
import { duration, type Line, plural, type Span, span, type TextPane } from './text.ts';
import { insnsPane, sourceOf, wherePane } from './where.ts';

export type { PacketPane } from './packet.ts';
export type { TextPane } from './text.ts';

export interface FailureView {
  readonly title: Line;
  /** Where the case stands, and which failure of how many it is: in full, then shorter. */
  readonly places: readonly string[];
  /** What was expected and received apart from the packet, a line each. */
  readonly facts: readonly Line[];
  readonly took: string;
  readonly packet: PacketPane | null;
  /** Of the packet's differences, the one looked at; -1: none. */
  readonly difference: number;
  readonly maps: TextPane | null;
  readonly printk: TextPane | null;
  /** Where it faulted, or the line it returned from. */
  readonly where: TextPane | null;
  /** The last instructions of a traced run. */
  readonly insns: TextPane | null;
}

/** Differences that a pane of their own shows better. */
function inPane({ field }: Difference, packet: PacketPane | null): boolean {
  if (field === 'maps' || field === 'printk') return true;
  return field === 'data_out' && packet?.judged === true;
}

function factLine(difference: Difference, width: number): Line {
  const { field, at, expected, received } = difference;
  const label = span(factLabel({ field, at }).padEnd(width), 'strong');
  // Of a fault that nobody expected there is nothing to compare.
  if (field === 'fault' && expected === 'none') return [label, span('  '), span(received, 'bad')];
  const [left, right] = sidesOf(difference);
  return [label, span(`  ${left} `, 'dim'), span(expected, 'good'), span(`  ${right} `, 'dim'), span(received, 'bad')];
}

function factLabel({ field, at }: Pick<Difference, 'field' | 'at'>): string {
  return `${field}${at === '' ? '' : ` ${at}`}`;
}

const WORD = { pass: 'passed', fail: 'failed', error: 'error', skip: 'skipped', todo: 'still to do' } as const;
/** Labels longer than this do not push the others to the right. */
const LABEL_MAX = 24;

/** `data_out 3 differences · maps 1 difference`: where nothing else is to be said above the panes. */
function summaryLine(differences: readonly Difference[]): Line {
  const fields = [...new Set(differences.map((one) => one.field))];
  return fields.flatMap((field, i) => {
    const text = plural(differences.filter((one) => one.field === field).length, 'difference');
    return [span(i > 0 ? ' · ' : '', 'dim'), span(field, 'strong'), span(` ${text}`, 'bad')];
  });
}

function factLines(outcome: TestOutcome, packet: PacketPane | null): Line[] {
  const shown = outcome.differences.filter((one) => !inPane(one, packet));
  const labels = shown.map((one) => factLabel(one).length).filter((length) => length <= LABEL_MAX);
  const lines = shown.map((one) => factLine(one, Math.max(0, ...labels)));
  const step = stepText(outcome);
  if (step !== '') lines.unshift([span(step, 'strong')]);
  if (outcome.reason !== '') lines.unshift([span(outcome.reason, outcome.verdict === 'skip' ? 'warn' : 'bad')]);
  if (shown.length === 0 && outcome.differences.length > 0) lines.push(summaryLine(outcome.differences));
  if (lines.length > 0 && outcome.verdict !== 'pass') return lines;
  const word = span(WORD[outcome.verdict], outcome.verdict === 'pass' ? 'good' : 'dim');
  return [...lines, [word, ...resultSpans(outcome)]];
}

/** What it returned by name and number, and where a redirect would have gone. */
export function resultSpans({ result, returned }: TestOutcome): Span[] {
  if (!result || result.retval === null) return [];
  const { redirect } = result;
  return [span(`  ${returned ?? result.retval}`, 'dim'), span(redirect ? `  ${redirectText(redirect)}` : '', 'dim')];
}

/** `bpf_redirect_map → tx_ports[7]`. */
export function redirectText({ helper, map, key, target }: RedirectTarget): string {
  return `${helper} → ${map === null ? `ifindex ${target}` : `${map}[${key}]`}`;
}

/** The packet against what was expected of it as a whole, else against what was sent. */
export function packetPane(one: SettledCase, result: ProgRunResult | null): PacketPane | null {
  const received = result?.data_out ?? null;
  const expected = one.expect.data_out;
  const sent = one.data_in;
  if (!received || received.length === 0) return sent ? onePacket({ bytes: sent, title: 'SENT' }) : null;
  const right = { bytes: received, title: 'RECEIVED' };
  if (expected instanceof Uint8Array) return comparePackets({ bytes: expected, title: 'EXPECTED' }, right, true);
  return sent ? comparePackets({ bytes: sent, title: 'SENT' }, right, false) : onePacket(right);
}

function tookText(outcome: TestOutcome, step: SettledCase): string {
  const insns = outcome.result ? ` · ${plural(outcome.result.insns_executed, 'insn')}` : '';
  return `${duration(outcome.took_ms)}${insns}${step.repeat > 1 ? ` · repeat ${step.repeat}` : ''}`;
}

/** What only the outcome decides: made once, however often the screen is drawn. */
const known = new WeakMap<TestOutcome, Pick<FailureView, 'packet' | 'maps' | 'printk' | 'insns'>>();

function fixedPanes(
  step: SettledCase,
  outcome: TestOutcome,
): Pick<FailureView, 'packet' | 'maps' | 'printk' | 'insns'> {
  const before = known.get(outcome);
  if (before) return before;
  const packet = outcome.live ? livePacketPane(step, outcome.live) : packetPane(step, outcome.result);
  const panes = { packet, maps: mapsPane(outcome), printk: printkPane(outcome), insns: insnsPane(outcome) };
  known.set(outcome, panes);
  return panes;
}

/** The panes of any run, whatever it was for. */
export function panesOf(
  state: State,
  step: SettledCase,
  outcome: TestOutcome,
): Pick<FailureView, 'facts' | 'packet' | 'maps' | 'printk' | 'where' | 'insns'> {
  const panes = fixedPanes(step, outcome);
  const where = outcome.live ? liveCountsPane(outcome.live) : wherePane(outcome, sourceOf(state, step, outcome));
  return { ...panes, facts: factLines(outcome, panes.packet), where };
}

function titleSign(bad: boolean, { verdict }: TestOutcome): Span {
  if (bad) return span('✗ ', 'bad');
  return verdict === 'pass' ? span('✓ ', 'good') : span('↷ ', 'warn');
}

/** Null when the case has not run: then there is nothing for panes. */
export function failureView(state: State, one: SettledCase): FailureView | null {
  const outcome = state.outcomes.get(one.id);
  if (!outcome || (!outcome.result && outcome.differences.length === 0) || state.absent.has(one.object)) return null;
  const step = shownStep(one, outcome);
  const [at, failing] = [failureIndex(state, one.id), state.badSince.size];
  const bad = at >= 0;
  const panes = panesOf(state, step, outcome);
  const place = `${relative(state.root, one.file)}:${one.line}`;
  return {
    title: [
      titleSign(bad, outcome),
      span(`${relative(state.root, one.object)} › ${one.program} › `, 'dim'),
      span(one.name, 'strong'),
    ],
    places: bad
      ? [
          `${place} · ${at + 1} of ${failing} failed`,
          `${basename(one.file)}:${one.line} · ${at + 1}/${failing}`,
          `${at + 1}/${failing}`,
        ]
      : [place, `${basename(one.file)}:${one.line}`],
    ...panes,
    took: tookText(outcome, step),
    difference: Math.min(state.difference, (panes.packet?.differences ?? 0) - 1),
  };
}
