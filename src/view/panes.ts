/** The panes of a run beside its packet: what it did to maps, and what it printed, each with what was expected instead. */
import type { MapDump } from '../../engine/index.ts';
import type { Difference, TestOutcome } from '../outcome.ts';
import { type Line, type PaneLine, plural, span, type TextPane } from './text.ts';

const CHANGE = /^(.*?) {2}(.*)$/;

/** `counters[2].packets  1 → 2`: the place stands out. */
function changeLine(text: string): PaneLine {
  const [, place = text, what = ''] = CHANGE.exec(text) ?? [];
  return { text: [span('~ ', 'warn'), span(place, 'strong'), span(`  ${what}`)] };
}

const PLACE_SHOWN = 64;
const PLACE_END = 24;

/** A long key gives way to what stands before and after it. */
function shortened(at: string): string {
  if (at.length <= PLACE_SHOWN) return at;
  return `${at.slice(0, PLACE_SHOWN - PLACE_END - 1)}…${at.slice(-PLACE_END)}`;
}

function expectedLine({ at, expected, received }: Difference): PaneLine {
  const place = span(shortened(at), 'strong');
  const words: Line = [
    span('expected ', 'dim'),
    span(expected, 'good'),
    span('  received ', 'dim'),
    span(received, 'bad'),
  ];
  return { text: [span('✗ ', 'bad'), place], code: true, tail: words };
}

function sameDump(a: MapDump | undefined, b: MapDump): boolean {
  if (a?.entries.length !== b.entries.length) return false;
  const same = (x: Uint8Array, y: Uint8Array) => x.length === y.length && x.every((byte, i) => byte === y[i]);
  return b.entries.every((entry, i) => {
    const was = a.entries[i]!;
    return same(was.key, entry.key) && same(was.value, entry.value);
  });
}

/** Maps that the program left as they were; sections of globals are no news. */
function untouched({ maps, maps_before }: Pick<TestOutcome, 'maps' | 'maps_before'>): MapDump[] {
  const before = new Map(maps_before.map((dump) => [dump.name, dump]));
  return maps.filter((dump) => !dump.name.includes('.') && sameDump(before.get(dump.name), dump));
}

function untouchedLine({ name, entries }: MapDump): PaneLine {
  const size = entries.length === 1 ? '1 entry' : `${entries.length} entries`;
  const state = entries.length === 0 ? 'empty, as before' : `${size}, none touched`;
  return { text: [span(`= ${name}  ${state}`, 'dim')], spare: 1 };
}

function wrongNote(wrong: number): string[] {
  return wrong === 0 ? [] : [`${wrong} wrong`];
}

/** What differs from what was expected, what the program changed, what it left as it was; null: there is nothing of it. */
export function mapsPane(outcome: TestOutcome): TextPane | null {
  const wrong = outcome.differences.filter((one) => one.field === 'maps');
  const changes = outcome.map_changes ?? [];
  const left = untouched(outcome).filter(({ name }) => !wrong.some(({ at }) => at.startsWith(name)));
  if (wrong.length + changes.length === 0) return null;
  const lines = [...wrong.map(expectedLine), ...changes.map(changeLine), ...left.map(untouchedLine)];
  const note = [...wrongNote(wrong.length), ...(changes.length > 0 ? [plural(changes.length, 'change')] : [])];
  return { title: 'Maps', note: note.join(' · '), lines, bad: wrong.length > 0 };
}

/** Lines in order; under one that should be another, that other. */
export function printkPane({ result, differences }: TestOutcome): TextPane | null {
  const printed = result?.printk ?? [];
  const wrong = new Map(differences.filter((one) => one.field === 'printk').map((one) => [one.at, one]));
  if (printed.length + wrong.size === 0) return null;
  const lines: PaneLine[] = [];
  const shown = new Set<string>();
  for (const [i, text] of printed.entries()) {
    const difference = wrong.get(`line ${i + 1}`);
    shown.add(`line ${i + 1}`);
    lines.push({
      text: difference ? [span('✗ ', 'bad'), span(text, 'bad')] : [span(wrong.size > 0 ? '= ' : ''), span(text)],
    });
    if (difference) lines.push({ text: [span('  expected ', 'dim'), span(difference.expected, 'good')] });
  }
  for (const [at, one] of wrong) if (!shown.has(at)) lines.push(expectedLine(one));
  const note = [...wrongNote(wrong.size), plural(printed.length, 'line')];
  return { title: 'printk', note: note.join(' · '), lines, bad: wrong.size > 0 };
}
