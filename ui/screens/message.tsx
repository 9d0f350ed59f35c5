/** The screens with one pane of text: nothing to run yet, and the help of all keys. */
import type { Line, ViewModel } from '../../src/view.ts';
import { wrap } from '../cells.ts';
import { Panel } from '../components/panel.tsx';
import { visiblePart } from '../detail-lines.ts';
import { KEYMAP } from '../keymap.ts';
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
  return (vm.overlay?.lines ?? []).flatMap((line) => wrap(line, columns - 6));
}

export function OverlayScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const lines = overlayLines(vm, layout.columns);
  return <OnePane vm={vm} layout={layout} title={vm.overlay?.title ?? ''} lines={lines} scroll={vm.scroll} />;
}

/** A key a line, as the keymap says it. */
export function helpLines(): Line[] {
  return KEYMAP.map((binding) => [
    { text: binding.shown.padEnd(KEYS), tag: 'accent' },
    { text: binding.help, tag: 'plain' },
  ]);
}

export function HelpScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const signs: Line = [
    { text: '✓ passed  ', tag: 'good' },
    { text: '✗ failed  ', tag: 'bad' },
    { text: '↷ skipped  ', tag: 'warn' },
    { text: '◌ to do', tag: 'info' },
  ];
  const roomy = layout.list.height - 2 >= helpLines().length + 4;
  const lines = roomy ? [[], ...helpLines(), [], signs] : [...helpLines(), signs];
  return <OnePane vm={vm} layout={layout} title="Help" lines={lines} />;
}
