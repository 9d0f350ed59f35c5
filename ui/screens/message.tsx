/** The screens with one pane of text: nothing to run yet, and the help of all keys. */
import type { Line, ViewModel } from '../../src/view.ts';
import { Panel } from '../components/panel.tsx';
import { visiblePart } from '../detail-lines.ts';
import { KEYMAP } from '../keymap.ts';
import type { Layout } from '../layout.ts';
import { Frame } from './watch.tsx';

const KEYS = 14;

function OnePane({ vm, layout, title, lines }: { vm: ViewModel; layout: Layout; title: string; lines: Line[] }) {
  const size = { width: layout.columns, height: layout.list.height };
  const part = visiblePart(lines, 0, Math.max(0, size.height - 2), '');
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
