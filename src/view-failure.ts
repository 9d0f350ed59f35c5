/** An open case in panes: what it gave beside what was expected, its packet, maps, printk lines, and the place of its fault. */
import { relative } from 'node:path';
import type { ProgRunResult } from '../engine/index.ts';
import { shownStep, stepText } from './case-steps.ts';
import type { Difference, TestOutcome } from './outcome.ts';
import type { State } from './session-state.ts';
import type { SettledCase } from './test-case.ts';
import { comparePackets, onePacket, type PacketPane } from './view-packet.ts';
import { duration, type Line, plural, type Span, span, type TextPane } from './view-text.ts';
import { insnsPane, sourceOf, wherePane } from './view-where.ts';

export type { PacketPane } from './view-packet.ts';
export type { TextPane } from './view-text.ts';

export interface FailureView {
  readonly title: Line;
  /** Where the case stands, and which failure of how many it is. */
  readonly place: string;
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

/** Differences that the packet's pane shows better. */
function inPacketPane(difference: Difference, packet: PacketPane | null): boolean {
  return difference.field === 'data_out' && packet?.sides?.[0].startsWith('EXPECTED') === true;
}

function factLine({ field, at, expected, received }: Difference): Line {
  return [
    span(`${field}${at === '' ? '' : ` ${at}`}`, 'strong'),
    span('  expected ', 'dim'),
    span(expected, 'good'),
    span('  received ', 'dim'),
    span(received, 'bad'),
  ];
}

const WORD = { pass: 'passed', fail: 'failed', error: 'error', skip: 'skipped', todo: 'still to do' } as const;

function factLines(outcome: TestOutcome, packet: PacketPane | null): Line[] {
  const shown = outcome.differences.filter((one) => !inPacketPane(one, packet));
  const lines = shown.map(factLine);
  const step = stepText(outcome);
  if (step !== '') lines.unshift([span(step, 'strong')]);
  if (outcome.reason !== '') lines.unshift([span(outcome.reason, outcome.verdict === 'skip' ? 'warn' : 'bad')]);
  if (lines.length > 0) return lines;
  const hidden = outcome.differences.length;
  if (hidden > 0) return [[span('data_out', 'strong'), span(`  ${plural(hidden, 'difference')}`, 'bad')]];
  return [[span(WORD[outcome.verdict], outcome.verdict === 'pass' ? 'good' : 'dim'), ...resultSpans(outcome.result)]];
}

function resultSpans(result: ProgRunResult | null): Span[] {
  if (!result || result.retval === null) return [];
  const redirect = result.redirect;
  const target =
    redirect && (redirect.map === null ? `ifindex ${redirect.target}` : `${redirect.map}[${redirect.key}]`);
  return [span(`  retval ${result.retval}`, 'dim'), span(redirect ? `  ${redirect.helper} → ${target}` : '', 'dim')];
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

export function mapsPane(outcome: Pick<TestOutcome, 'map_changes' | 'maps'>): TextPane | null {
  const changes = outcome.map_changes ?? [];
  if (changes.length === 0) return null;
  const lines = changes.map((text): Line => {
    const at = text.indexOf('  ');
    return [span('~ ', 'warn'), span(text.slice(0, at), 'strong'), span(text.slice(at))];
  });
  return { title: 'Maps', note: plural(changes.length, 'change'), lines, code: false };
}

export function printkPane(result: ProgRunResult | null): TextPane | null {
  const lines = result?.printk ?? [];
  if (lines.length === 0) return null;
  return { title: 'printk', note: plural(lines.length, 'line'), lines: lines.map((text) => [span(text)]), code: false };
}

function tookText(outcome: TestOutcome, step: SettledCase): string {
  const insns = outcome.result ? ` · ${outcome.result.insns_executed} insns` : '';
  return `${duration(outcome.took_ms)}${insns} · repeat ${Math.max(1, step.repeat)}`;
}

/** The panes of any run, whatever it was for. */
export function panesOf(
  state: State,
  step: SettledCase,
  outcome: TestOutcome,
): Pick<FailureView, 'facts' | 'packet' | 'maps' | 'printk' | 'where' | 'insns'> {
  const packet = packetPane(step, outcome.result);
  return {
    facts: factLines(outcome, packet),
    packet,
    maps: mapsPane(outcome),
    printk: printkPane(outcome.result),
    where: wherePane(outcome, sourceOf(state, step, outcome)),
    insns: insnsPane(outcome),
  };
}

/** Null when the case has not run: then there is nothing for panes. */
export function failureView(state: State, one: SettledCase): FailureView | null {
  const outcome = state.outcomes.get(one.id);
  if (!outcome || (!outcome.result && outcome.differences.length === 0) || state.absent.has(one.object)) return null;
  const step = shownStep(one, outcome);
  const failing = state.cases.filter((c) => state.badSince.has(c.id));
  const at = failing.findIndex((c) => c.id === one.id);
  const bad = at >= 0;
  const panes = panesOf(state, step, outcome);
  return {
    title: [
      span(
        bad ? '✗ ' : outcome.verdict === 'pass' ? '✓ ' : '↷ ',
        bad ? 'bad' : outcome.verdict === 'pass' ? 'good' : 'warn',
      ),
      span(`${relative(state.root, one.object)} › ${one.program} › `, 'dim'),
      span(one.name, 'strong'),
    ],
    place: `${relative(state.root, one.file)}:${one.line}${bad ? ` · ${at + 1} of ${failing.length} failed` : ''}`,
    ...panes,
    took: tookText(outcome, step),
    difference: Math.min(state.difference, (panes.packet?.differences ?? 0) - 1),
  };
}
