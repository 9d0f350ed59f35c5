/** The watch screen: verdict on line 2, the case tree beside the detail, the summary of objects where there is room. */
import { Box } from 'ink';
import type { Line as LineOfText, ViewModel } from '../../src/view.ts';
import { cells, wrap } from '../cells.ts';
import { EventLines, KeyLine } from '../components/foot.tsx';
import { TitleLine, VerdictLine } from '../components/head.tsx';
import { Line } from '../components/line.tsx';
import { Panel } from '../components/panel.tsx';
import { SummaryTable, tableRows } from '../components/summary-table.tsx';
import { detailLines, visiblePart } from '../detail-lines.ts';
import type { Layout, Size } from '../layout.ts';
import { linesBelow, treeLines } from '../tree-lines.ts';

const pad = (line: LineOfText): LineOfText => [{ text: ' ', tag: 'plain' }, ...line];

function inner(size: Size): Size {
  return { width: Math.max(0, size.width - 2), height: Math.max(0, size.height - 2) };
}

function Tree({ vm, size, reasons }: { vm: ViewModel; size: Size; reasons: boolean }) {
  const input = { rows: vm.rows, cursor: vm.cursor, ...inner(size), reasons };
  const below = linesBelow(input);
  const note = below > 0 ? `${vm.listTitle} · ↓ ${below} more` : vm.listTitle;
  const nothing = vm.placeholder.flatMap((line) => wrap(line, size.width - 6)).map((line) => pad(pad(line)));
  const lines = vm.rows.length > 0 ? treeLines(input).map((one) => one.line) : [[], ...nothing];
  return <Panel size={size} title="Cases" note={note} lines={lines} />;
}

/** What the cursor is on; a group has a table of its parts on top. */
function Detail({ vm, size }: { vm: ViewModel; size: Size }) {
  const { width, height } = inner(size);
  const groups = vm.groups.slice(0, Math.max(0, height - 2));
  const top = vm.groups.length > 0 ? tableRows(groups) : 0;
  const lines = detailLines(vm.detail, width - 2);
  const hint = vm.pane === 'detail' ? '' : ' · Enter shows all';
  const gap: LineOfText[] = top > 0 && lines.length > 0 ? [[]] : [];
  const part = [...gap, ...visiblePart(lines, vm.pane === 'detail' ? vm.scroll : 0, height - top - gap.length, hint)];
  return (
    <Panel
      size={size}
      title="Detail"
      note={vm.detailTitle}
      lines={part.map(pad)}
      top={top > 0 ? <SummaryTable rows={groups} label="program" width={size.width} /> : null}
      topRows={top}
    />
  );
}

/** Lines of events that are worth a pane. */
const LOG_LEAST = 5;

/** Every object in a row of its own, and below what happened, where the objects leave room for it. */
function Side({ vm, size }: { vm: ViewModel; size: Size }) {
  const { width, height } = inner(size);
  const all = tableRows(vm.objects);
  const log = height - all - 2 >= LOG_LEAST;
  const objects = { width: size.width, height: log ? all + 2 : size.height };
  return (
    <Box flexDirection="column" flexShrink={0} width={size.width}>
      <Objects vm={vm} size={objects} />
      {log ? <Log vm={vm} size={{ width: width + 2, height: size.height - objects.height }} /> : null}
    </Box>
  );
}

function Objects({ vm, size }: { vm: ViewModel; size: Size }) {
  const { width, height } = inner(size);
  const objects = vm.objects.slice(0, Math.max(0, tableRows(vm.objects) > height ? height - 2 : height));
  const left = vm.objects.length - objects.length;
  const lines: LineOfText[] = left > 0 ? [[{ text: `${left} more`, tag: 'dim' }]] : [];
  const top = tableRows(objects);
  return (
    <Panel
      size={size}
      title="Objects"
      note={String(vm.objects.length)}
      lines={lines.map(pad).slice(0, Math.max(0, height - top))}
      top={<SummaryTable rows={objects} label="object" width={width + 2} />}
      topRows={top}
    />
  );
}

/** Time in a column of its own, the latest first. */
function Log({ vm, size }: { vm: ViewModel; size: Size }) {
  const { width, height } = inner(size);
  const lines = vm.events.flatMap(([time, ...text]): LineOfText[] => {
    const under = { text: ' '.repeat(cells(time?.text ?? '')), tag: 'plain' } as const;
    const room = width - 2 - cells(under.text);
    return wrap(text, Math.max(1, room)).map((part, i) => [i === 0 && time ? time : under, ...part]);
  });
  return <Panel size={size} title="Log" note="L all" lines={lines.slice(0, height).map(pad)} />;
}

function Panes({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const { list, detail, side, columns } = layout;
  if (vm.pane === 'detail') return <Detail vm={vm} size={{ width: columns, height: list.height }} />;
  return (
    <Box flexShrink={0} height={list.height}>
      <Tree vm={vm} size={list} reasons={layout.kind === 'one'} />
      {detail ? <Detail vm={vm} size={detail} /> : null}
      {side ? <Side vm={vm} size={side} /> : null}
    </Box>
  );
}

const rule = (width: number): LineOfText => [{ text: '─'.repeat(width), tag: 'dim' }];

/** Everything around the panes, for each screen that has panes. */
export function Frame({ vm, layout, children }: { vm: ViewModel; layout: Layout; children: React.ReactNode }) {
  const { columns, rows, events, roomy } = layout;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <TitleLine vm={vm} width={columns} />
      <VerdictLine vm={vm} width={columns} />
      {roomy ? <Line line={rule(columns)} /> : null}
      {children}
      <EventLines vm={vm} width={columns} rows={events} />
      {roomy ? <Line line={[]} /> : null}
      <KeyLine vm={vm} width={columns} />
    </Box>
  );
}

export function WatchScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  return (
    <Frame vm={vm} layout={layout}>
      <Panes vm={vm} layout={layout} />
    </Frame>
  );
}
