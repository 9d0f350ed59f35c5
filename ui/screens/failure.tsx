/** The screen of one open case: its facts, the packet as headers and bytes, maps beside printk lines, the place of a fault. */
import { Box } from 'ink';
import type { FailureView, Focus, Line as LineOfText, TextPane, ViewModel } from '../../src/view.ts';
import { apart, cells, fill, lineCells, wrap } from '../cells.ts';
import { KeyLine } from '../components/foot.tsx';
import { Line, Lines } from '../components/line.tsx';
import { Panel } from '../components/panel.tsx';
import { visiblePart } from '../detail-lines.ts';
import { failureLayout, type PaneName, type PaneNeeds } from '../failure-layout.ts';
import type { Layout, Size } from '../layout.ts';
import { packetLines, packetScroll } from '../packet-lines.ts';
import { fittedLines, paneLines } from '../pane-lines.ts';

const pad = (line: LineOfText): LineOfText => [{ text: ' ', tag: 'plain' }, ...line];

/** The key that gives a pane the screen, shown where it has not all its lines. */
const KEYS: Readonly<Record<PaneName, string>> = { packet: 'x', where: 's', maps: 'm', printk: 'l', insns: 'i' };

function noteOf(note: string, key: string, hidden: boolean): string {
  if (!hidden) return note;
  return note === '' ? key : `${note} · ${key}`;
}

/** A pane among others: what may be left out goes first, then its end; of instructions the end stays. */
function Text({ pane, name, size }: { pane: TextPane; name: PaneName; size: Size }) {
  const [width, height] = [size.width - 4, Math.max(0, size.height - 2)];
  const all = paneLines(pane, width);
  const hidden = all.length > height;
  const lines = name === 'insns' ? all.slice(-height) : visiblePart(fittedLines(pane, width, height), 0, height, '');
  return <Panel size={size} title={pane.title} note={noteOf(pane.note, KEYS[name], hidden)} lines={lines.map(pad)} />;
}

/** A pane that has the screen for itself. */
function Alone({ pane, size, scroll }: { pane: TextPane; size: Size; scroll: number }) {
  const lines = visiblePart(paneLines(pane, size.width - 4), scroll, size.height - 2, '');
  return <Panel size={size} title={pane.title} note={pane.note} lines={lines.map(pad)} />;
}

const HEADING: Readonly<Record<'hex' | 'headers', string>> = { hex: 'Bytes', headers: 'Headers' };

interface PacketProps {
  readonly view: FailureView;
  readonly part: 'hex' | 'headers' | null;
  readonly size: Size;
  readonly scroll: number;
}

function Packet({ view, part, size, scroll }: PacketProps) {
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

interface FocusedProps {
  readonly view: FailureView;
  readonly focus: Focus;
  readonly size: Size;
  readonly scroll: number;
}

export function Focused({ view, focus, size, scroll }: FocusedProps) {
  if (focus === 'hex' || focus === 'headers') {
    if (view.packet) return <Packet view={view} part={focus} size={size} scroll={scroll} />;
  }
  const pane = paneOf(view, focus) ?? { title: 'Nothing of it here', note: '', lines: [], bad: false };
  return <Alone pane={pane} size={size} scroll={scroll} />;
}

const TEXT_PANES = ['where', 'maps', 'printk', 'insns'] as const;

/** What there is to place. */
export function paneNeeds(view: FailureView): PaneNeeds {
  const { packet } = view;
  const texts = TEXT_PANES.flatMap((name) => {
    const pane = view[name];
    return pane ? [[name, { lines: (width: number) => paneLines(pane, width).length, bad: pane.bad }] as const] : [];
  });
  const bytes = packet && {
    lines: (width: number) => packetLines(packet, { width, part: null, difference: -1 }).lines.length,
    bad: packet.judged && packet.differences > 0,
    idle: packet.differences === 0,
  };
  return { ...(bytes ? { packet: bytes } : {}), ...Object.fromEntries(texts) };
}

interface PanesProps {
  readonly view: FailureView;
  readonly width: number;
  readonly height: number;
  readonly scroll: number;
}

export function Panes({ view, width, height, scroll }: PanesProps) {
  const { columns } = failureLayout(paneNeeds(view), width, height);
  const drawn = (name: PaneName, size: Size) => {
    if (name === 'packet') return <Packet key={name} view={view} part={null} size={size} scroll={scroll} />;
    const pane = view[name];
    return pane ? <Text key={name} pane={pane} name={name} size={size} /> : null;
  };
  return (
    <Box flexShrink={0} height={height} width={width}>
      {columns.map((column) => (
        <Box key={column.rows[0]?.[0]?.name ?? ''} flexDirection="column" flexShrink={0} width={column.width}>
          {column.rows.map((row) => (
            <Box key={row[0]?.name ?? ''} flexShrink={0} height={row[0]?.size.height ?? 0}>
              {row.map(({ name, size }) => drawn(name, size))}
            </Box>
          ))}
        </Box>
      ))}
    </Box>
  );
}

export interface FailureProps {
  readonly vm: ViewModel;
  readonly view: FailureView;
  readonly layout: Layout;
}

const dim = (text: string): LineOfText => [
  { text, tag: 'dim' },
  { text: ' ', tag: 'plain' },
];

/** Lines above the panes: the title, then the facts as far as there is room for them; what it took beside the first that leaves room. */
export function headLines(view: FailureView, width: number, room: number): LineOfText[] {
  const facts = view.facts.flatMap((fact) => wrap(fact, width - 2));
  const shown = facts.length > room ? facts.slice(0, room - 1) : facts;
  const left = facts.length - shown.length;
  const lines = [
    ...shown.map(pad),
    ...(left > 0 ? [pad([{ text: `${left} more lines: widen the screen`, tag: 'bad' }])] : []),
  ];
  const took = view.took === '' ? -1 : lines.findIndex((line) => lineCells(line) + cells(view.took) + 3 <= width);
  const sides = lines.map((line, i) => (i === took ? apart(line, dim(view.took), width) : fill(line, width)));
  return [titleLine(view, width), ...sides];
}

/** The path to the case goes before its name is cut, and the place at the right is shortened before that. */
function titleLine(view: FailureView, width: number): LineOfText {
  const titles = [view.title, view.title.filter((span) => span.tag !== 'dim')].map(pad);
  const places = view.places.map(dim);
  for (const place of places) {
    const fits = titles.find((title) => lineCells(title) + lineCells(place) + 1 <= width);
    if (fits) return apart(fits, place, width);
  }
  return apart(titles[1] ?? [], places.at(-1) ?? [], width);
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
      <KeyLine vm={vm} width={columns} notices />
    </Box>
  );
}
