/** The live screen: interfaces with their WHY, a batch by verdict, the page pool, the rate, errors, and what to do about the worst. */
import { Box } from 'ink';
import type { FrameView, Line as LineOfText, LiveViewModel } from '../../src/live-view.ts';
import { apart, cells, cut } from '../cells.ts';
import { Line, Lines, Row, usePaint } from '../components/line.tsx';
import { Panel } from '../components/panel.tsx';
import { batchLines, middleLines, poolLines, rateLines } from '../live/bars.ts';
import { hintLines } from '../live/hints.ts';
import { liveHints } from '../live/keys.ts';
import type { LiveLayout } from '../live/layout.ts';
import { type OverlayText, overlayText } from '../live/overlay.ts';
import { errorLines, interfaceLines } from '../live/table.ts';
import { paint, paintBadge } from '../paint.ts';
import { LiveFrame } from './live-frame.tsx';

interface Props {
  readonly vm: LiveViewModel;
  readonly at: LiveLayout;
}

function Head({ vm, at }: Props) {
  const options = usePaint();
  const badge = ` ${vm.badge.text} `;
  const left: LineOfText = [
    { text: ' bpfdeck', tag: 'accent' },
    { text: '  live', tag: 'plain' },
    { text: vm.note === '' ? '' : `  ${vm.note}`, tag: 'warn' },
  ];
  const title: LineOfText = [{ text: `${vm.title} `, tag: 'dim' }];
  const status = cut([{ text: '  ', tag: 'plain' }, ...vm.status], at.columns - cells(badge) - 1);
  return (
    <>
      <Line line={apart(left, title, at.columns)} />
      <Row text={` ${paintBadge(badge, vm.badge.tag, options)}${paint(status, options)}`} />
    </>
  );
}

function Keys({ vm, at }: Props) {
  const line = liveHints(vm, at.columns - 1).flatMap(
    ({ shown, short }, i): LineOfText => [
      { text: i === 0 ? ' ' : '  ', tag: 'plain' },
      { text: shown, tag: 'strong' },
      { text: ` ${short}`, tag: 'dim' },
    ],
  );
  return <Line line={cut(line, at.columns)} />;
}

function Middle({ vm, at }: Props) {
  const { columns, middle } = at;
  if (at.kind === 'narrow') {
    const size = { width: columns, height: middle };
    return (
      <Panel
        size={size}
        title={`${vm.batchTitle} / page pool`}
        note={vm.batchNote}
        lines={middleLines(vm, columns - 2)}
      />
    );
  }
  const left = columns >> 1;
  const right = columns - left;
  return (
    <Box flexShrink={0} height={middle}>
      <Panel
        size={{ width: left, height: middle }}
        title={vm.batchTitle}
        note={vm.batchNote}
        lines={[...batchLines(vm.batch, left - 2), [{ text: `  ${vm.batchFoot}`, tag: 'dim' }]]}
      />
      <Panel
        size={{ width: right, height: middle }}
        title="Page pool"
        note={`${vm.pool.in_pool + vm.pool.in_flight} pages`}
        lines={poolLines(vm.pool, right - 2)}
      />
    </Box>
  );
}

function Overlay({ vm, at, over }: Props & { readonly over: OverlayText }) {
  const height = at.rows - FRAME_ROWS;
  const first = Math.max(0, Math.min(vm.scroll, over.lines.length - (height - 2)));
  const more = over.lines.length > height - 2 ? '↑↓ scroll · Esc back' : 'Esc back';
  return (
    <Box flexDirection="column" width={at.columns} height={at.rows}>
      <Head vm={vm} at={at} />
      <Panel size={{ width: at.columns, height }} title={over.title} note={more} lines={over.lines.slice(first)} />
      <Keys vm={vm} at={at} />
    </Box>
  );
}

/** Title, status, keys. */
const FRAME_ROWS = 3;
function Frame({ vm, at, view }: Props & { readonly view: FrameView }) {
  const { columns, rows } = at;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Head vm={vm} at={at} />
      <LiveFrame view={view} columns={columns} height={rows - FRAME_ROWS} scroll={vm.scroll} />
      <Keys vm={vm} at={at} />
    </Box>
  );
}

function Tiny({ vm, at }: Props) {
  const rate: LineOfText = [{ text: ` pps ${vm.pps}`, tag: 'plain' }];
  const lines = [rate, ...hintLines(vm, at.columns, Math.max(0, at.hints - 1))].map((line) => cut(line, at.columns));
  return (
    <Box flexDirection="column" width={at.columns} height={at.rows}>
      <Head vm={vm} at={at} />
      <Lines lines={lines.slice(0, at.hints)} />
    </Box>
  );
}

/** `3 kinds`, `2 of 5 kinds` where not all have room. */
function errorsNote(count: number, room: number): string {
  return `${count > room ? `${room} of ` : ''}${count} kind${count === 1 ? '' : 's'}`;
}

function Errors({ vm, at }: Props) {
  if (at.errors < 3) return <Lines lines={Array.from({ length: at.errors }, () => [])} />;
  const size = { width: at.columns, height: at.errors };
  const cursor = { at: vm.errorCursor, focused: vm.focus === 'errors' };
  const lines = errorLines(vm.errors, cursor, at.columns - 2, at.errors - 2);
  return (
    <Panel size={size} title="Tracepoint errors" note={errorsNote(vm.errors.length, at.errors - 3)} lines={lines} />
  );
}

export function LiveScreen({ vm, at }: Props) {
  const over = overlayText(vm, at.columns);
  if (at.kind === 'tiny' && over === null && vm.frame === null) return <Tiny vm={vm} at={at} />;
  if (over !== null) return <Overlay vm={vm} at={at} over={over} />;
  if (vm.frame) return <Frame vm={vm} at={at} view={vm.frame} />;
  const { columns } = at;
  const cursor = { at: vm.cursor, focused: vm.focus === 'interfaces' };
  const table = interfaceLines(vm.interfaces, cursor, vm.unit === 'per second', columns - 2, at.interfaces - 2);
  const isCut = vm.interfaces.length > at.interfaces - 3;
  const note = isCut ? `${vm.cursor + 1} of ${vm.interfaces.length} · ${vm.unit}` : vm.unit;
  const rate = { width: columns, height: at.rate };
  return (
    <Box flexDirection="column" width={columns} height={at.rows}>
      <Head vm={vm} at={at} />
      <Panel size={{ width: columns, height: at.interfaces }} title="Interfaces" note={note} lines={table} />
      <Middle vm={vm} at={at} />
      {at.rate > 0 ? (
        <Panel size={rate} title="Frames a second" note={vm.pps} lines={rateLines(vm, columns - 2, at.rate - 2)} />
      ) : null}
      <Errors vm={vm} at={at} />
      <Lines lines={hintLines(vm, columns, at.hints)} />
      <Keys vm={vm} at={at} />
    </Box>
  );
}
