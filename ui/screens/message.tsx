/** The screens with one pane of text: nothing to run yet, and the help of all keys. */
import type { Line, ViewModel } from '../../src/view.ts';
import type { Section } from '../binding.ts';
import { cut, fill, lineCells, wrap } from '../cells.ts';
import { Panel } from '../components/panel.tsx';
import { visiblePart } from '../detail-lines.ts';
import { helpSections } from '../keymap.ts';
import type { Layout } from '../layout.ts';
import { Frame } from './watch.tsx';

const KEYS = 14;

interface OnePaneProps {
  readonly vm: ViewModel;
  readonly layout: Layout;
  readonly title: string;
  readonly lines: readonly Line[];
  readonly scroll?: number;
}

function OnePane({ vm, layout, title, lines, scroll = 0 }: OnePaneProps) {
  const size = { width: layout.columns, height: layout.list.height };
  const part = visiblePart(lines, scroll, Math.max(0, size.height - 2), '');
  const padded = part.map((line): Line => [{ text: '  ', tag: 'plain' }, ...line]);
  return (
    <Frame vm={vm} layout={layout}>
      <Panel size={size} title={title} note="" lines={padded} />
    </Frame>
  );
}

export function EmptyScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const lines = vm.empty?.lines ?? [];
  return <OnePane vm={vm} layout={layout} title={vm.empty?.title ?? ''} lines={[[], ...lines]} />;
}

/** Lines of what lies over the screen, none wider than the pane. */
export function overlayLines(vm: ViewModel, columns: number): Line[] {
  const { lines = [], hang = 0 } = vm.overlay ?? {};
  const room = Math.max(1, columns - 6);
  const indent = room > 4 * hang ? hang : 0;
  return lines.flatMap((line) => hanging(line, room, indent));
}

/** Wrapped, what goes on indented. */
function hanging(line: Line, width: number, indent: number): Line[] {
  if (indent === 0 || lineCells(line) <= width) return wrap(line, width);
  const [first = [], ...rest] = wrap(line, width);
  const blank = { text: ' '.repeat(indent), tag: 'plain' } as const;
  // The blank at a break is gone where it was the first that did not fit.
  const joint = (part: Line): Line => (part.at(-1)?.text.endsWith(' ') ? [] : [{ text: ' ', tag: 'plain' }]);
  const more = wrap(
    rest.flatMap((part, i) => (i === rest.length - 1 ? part : [...part, ...joint(part)])),
    width - indent,
  );
  return [first, ...more.map((part) => [blank, ...part])];
}

export function OverlayScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const lines = overlayLines(vm, layout.columns);
  return <OnePane vm={vm} layout={layout} title={vm.overlay?.title ?? ''} lines={lines} scroll={vm.scroll} />;
}

/** A key a line, as the keymap says it. */
function sectionLines({ title, keys }: Section): Line[] {
  const rows = keys.map(
    (binding): Line => [
      { text: binding.shown.padEnd(KEYS), tag: 'accent' },
      { text: binding.help, tag: 'plain' },
    ],
  );
  return [[{ text: title, tag: 'strong' }], ...rows];
}

const SIGNS: Line = [
  { text: '✓ passed  ', tag: 'good' },
  { text: '✗ failed  ', tag: 'bad' },
  { text: '↷ skipped  ', tag: 'warn' },
  { text: '◌ to do', tag: 'info' },
];
const HELP_COLUMN = 84;

/** The sections of this screen first; beside each other where there is room for two. */
export function helpLines(vm: ViewModel, width: number): Line[] {
  const blocks = helpSections(vm).map(sectionLines);
  const count = width >= 2 * HELP_COLUMN ? 2 : 1;
  const columns = Array.from({ length: count }, (): Line[] => []);
  for (const block of blocks) {
    const shortest = columns.reduce((low, one) => (one.length < low.length ? one : low));
    if (shortest.length > 0) shortest.push([]);
    shortest.push(...block);
  }
  const [left = [], right = []] = columns;
  const height = Math.max(left.length, right.length);
  const rows = Array.from(
    { length: height },
    (_, i): Line => [...(count > 1 ? fill(left[i] ?? [], HELP_COLUMN) : (left[i] ?? [])), ...(right[i] ?? [])],
  );
  return [...rows.flatMap((line) => wrapHelp(line, width)), [], SIGNS];
}

/** What is too long goes on under itself. */
function wrapHelp(line: Line, width: number): Line[] {
  const [key, ...text] = line;
  if (!key || text.length === 0 || lineCells(line) <= width) return [cut(line, width)];
  const under = { text: ' '.repeat(Math.min(KEYS, Math.floor(width / 2))), tag: 'plain' } as const;
  return wrap(text, Math.max(1, width - lineCells([key]))).map((part, i) =>
    cut([i === 0 ? key : under, ...part], width),
  );
}

export function HelpScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  return <OnePane vm={vm} layout={layout} title="Help" lines={helpLines(vm, layout.columns - 6)} scroll={vm.scroll} />;
}
