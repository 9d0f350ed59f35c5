/** The screen of one open case: its facts, the packet as headers and bytes, maps beside printk lines, the place of a fault. */
import { Box } from 'ink';
import type { FailureView, Focus, Line as LineOfText, TextPane, ViewModel } from '../../src/view.ts';
import { apart, cut, fill, lineCells, wrap } from '../cells.ts';
import { KeyLine } from '../components/foot.tsx';
import { Line, Lines } from '../components/line.tsx';
import { Panel } from '../components/panel.tsx';
import { visiblePart } from '../detail-lines.ts';
import { failureLayout } from '../failure-layout.ts';
import type { Layout, Size } from '../layout.ts';
import { packetLines, packetScroll } from '../packet-lines.ts';

const pad = (line: LineOfText): LineOfText => [{ text: ' ', tag: 'plain' }, ...line];

/** Lines of a pane at a width: the text of programs wrapped, code cut. */
export function textLines(pane: TextPane, width: number): LineOfText[] {
  return pane.lines.flatMap((line) => (pane.code ? [cut(line, width)] : wrap(line, width)));
}

function Text({ pane, size, scroll }: { pane: TextPane; size: Size; scroll: number }) {
  const lines = visiblePart(textLines(pane, size.width - 4), scroll, size.height - 2, '');
  return <Panel size={size} title={pane.title} note={pane.note} lines={lines.map(pad)} />;
}

const HEADING: Readonly<Record<'hex' | 'headers', string>> = { hex: 'Bytes', headers: 'Headers' };

function Packet({
  view,
  part,
  size,
  scroll,
}: {
  view: FailureView;
  part: 'hex' | 'headers' | null;
  size: Size;
  scroll: number;
}) {
  const { packet } = view;
  if (!packet) return null;
  const shown = packetLines(packet, { width: size.width - 4, part, difference: view.difference });
  const height = size.height - 2;
  const lines = visiblePart(shown.lines, packetScroll(shown, scroll, height), height, '');
  const note = packet.differences > 1 ? `${packet.note} · d/D` : packet.note;
  return <Panel size={size} title={part ? HEADING[part] : 'Packet'} note={note} lines={lines.map(pad)} />;
}

export function paneOf(view: FailureView, focus: Focus): TextPane | null {
  if (focus === 'maps') return view.maps;
  if (focus === 'printk') return view.printk;
  if (focus === 'insns') return view.insns;
  return focus === 'place' ? view.where : null;
}

export function Focused({
  view,
  focus,
  size,
  scroll,
}: {
  view: FailureView;
  focus: Focus;
  size: Size;
  scroll: number;
}) {
  if (focus === 'hex' || focus === 'headers') {
    if (view.packet) return <Packet view={view} part={focus} size={size} scroll={scroll} />;
  }
  const pane = paneOf(view, focus) ?? { title: 'Nothing', note: '', lines: [], code: false };
  return <Text pane={pane} size={size} scroll={scroll} />;
}

export function Panes({
  view,
  width,
  height,
  scroll,
}: {
  view: FailureView;
  width: number;
  height: number;
  scroll: number;
}) {
  const at = failureLayout(view, width, height);
  return (
    <>
      {at.packet ? <Packet view={view} part={null} size={at.packet} scroll={scroll} /> : null}
      {at.maps || at.printk ? (
        <Box
          flexShrink={0}
          height={
            at.stacked
              ? (at.maps?.height ?? 0) + (at.printk?.height ?? 0)
              : Math.max(at.maps?.height ?? 0, at.printk?.height ?? 0)
          }
          flexDirection={at.stacked ? 'column' : 'row'}
        >
          {at.maps && view.maps ? <Text pane={view.maps} size={at.maps} scroll={0} /> : null}
          {at.printk && view.printk ? <Text pane={view.printk} size={at.printk} scroll={0} /> : null}
        </Box>
      ) : null}
      {at.where && view.where ? <Text pane={view.where} size={at.where} scroll={0} /> : null}
    </>
  );
}

export interface FailureProps {
  readonly vm: ViewModel;
  readonly view: FailureView;
  readonly layout: Layout;
}

/** Lines above the panes: the title, then the facts as far as there is room for them. */
export function headLines(view: FailureView, width: number, room: number): LineOfText[] {
  const place: LineOfText = [
    { text: view.place, tag: 'dim' },
    { text: ' ', tag: 'plain' },
  ];
  const took: LineOfText = [
    { text: view.took, tag: 'dim' },
    { text: ' ', tag: 'plain' },
  ];
  const facts = view.facts.flatMap((fact) => wrap(fact, width - lineCells(took) - 2));
  const lines = facts
    .slice(0, room)
    .map((fact, i) => (i === 0 ? apart(pad(fact), took, width) : fill(pad(fact), width)));
  const left = facts.length - lines.length;
  if (left > 0) lines[lines.length - 1] = fill(pad([{ text: `${left + 1} more lines`, tag: 'bad' }]), width);
  return [titleLine(view, place, width), ...lines];
}

/** The path to the case goes before its name is cut, then the place at the right. */
function titleLine(view: FailureView, place: LineOfText, width: number): LineOfText {
  const titles = [view.title, view.title.filter((span) => span.tag !== 'dim')].map(pad);
  const fits = titles.find((title) => lineCells(title) + lineCells(place) + 1 <= width);
  return fits ? apart(fits, place, width) : apart(titles[1] ?? [], place, width);
}

export function FailureScreen({ vm, view, layout }: FailureProps) {
  const { columns, rows, roomy } = layout;
  const head = headLines(view, columns, Math.max(1, Math.floor(rows / 5)));
  const rest = rows - head.length - 1 - (roomy ? 2 : 0);
  const size = { width: columns, height: rest };
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Lines lines={head} />
      {roomy ? <Line line={[{ text: '─'.repeat(columns), tag: 'dim' }]} /> : null}
      <Box flexDirection="column" height={rest} flexShrink={0}>
        {vm.focus ? (
          <Focused view={view} focus={vm.focus} size={size} scroll={vm.scroll} />
        ) : (
          <Panes view={view} width={columns} height={rest} scroll={vm.scroll} />
        )}
      </Box>
      {roomy ? <Line line={[]} /> : null}
      <KeyLine vm={vm} width={columns} />
    </Box>
  );
}
