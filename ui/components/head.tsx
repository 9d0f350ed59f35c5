/** The two lines at the top: the project and why it ran last, then the verdict with its counts. */
import type { Line as LineOfText, ViewModel } from '../../src/view.ts';
import { apart, cells, lineCells } from '../cells.ts';
import { paint, paintBadge } from '../paint.ts';
import { Line, Row, usePaint } from './line.tsx';

const blank = { text: ' ', tag: 'plain' } as const;

/** The screens by their keys, the one shown in brackets. */
function tabs(vm: ViewModel): LineOfText {
  const names = [
    ['watch', '1 Watch'],
    ['live', '2 Live'],
    ['run', '3 Run'],
  ] as const;
  return names.map(([screen, name]) =>
    screen === vm.screen ? { text: `  [${name}]`, tag: 'strong' } : { text: `  ${name} `, tag: 'dim' },
  );
}

/** What narrows the list must be seen: the screens' names give way to it, then what ran last. */
export function TitleLine({ vm, width }: { vm: ViewModel; width: number }) {
  const name: LineOfText = [blank, { text: 'bpfdeck', tag: 'accent' }, { text: `  ${vm.project}`, tag: 'plain' }];
  const chips = vm.chips.map((chip) => ({ text: `  [${chip}]`, tag: 'warn' }) as const);
  const right = [...vm.run, blank];
  const all = [...name, ...tabs(vm), ...chips];
  const fits = lineCells(all) + lineCells(right) + 2 <= width;
  return <Line line={apart(fits ? all : [...name, ...chips], right, width)} />;
}

/** At the right: the last runs if there is room for them, else what the run took. */
function rightSide(vm: ViewModel, room: number): LineOfText {
  const took: LineOfText = vm.took === '' ? [] : [{ text: vm.took, tag: 'dim' }];
  const history: LineOfText = vm.history.length < 2 ? [] : [{ text: 'last runs ', tag: 'dim' }, ...vm.history];
  const gap: LineOfText = took.length > 0 && history.length > 0 ? [{ text: '   ', tag: 'plain' }] : [];
  const both = [...took, ...gap, ...history];
  return [...(lineCells(both) < room ? both : took), blank];
}

/** `chips`: there is no line above that has them. */
export function VerdictLine({ vm, width, chips = false }: { vm: ViewModel; width: number; chips?: boolean }) {
  const options = usePaint();
  const badge = ` ${vm.badge.text} `;
  const rest = Math.max(0, width - cells(badge) - 1);
  const narrows = (chips ? vm.chips : []).map((chip) => ({ text: ` [${chip}]`, tag: 'warn' }) as const);
  const left: LineOfText = [...narrows, { text: '  ', tag: 'plain' }, ...vm.counts];
  const line = apart(left, rightSide(vm, rest - lineCells(left) - 2), rest);
  return <Row text={` ${paintBadge(badge, vm.badge.tag, options)}${paint(line, options)}`} />;
}
