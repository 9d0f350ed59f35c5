/** What moving means where text is open: it scrolls, and only the screen knows how many lines there are. */
import type { Command, FailureView, ViewModel } from '../src/view.ts';
import { detailLines } from './detail-lines.ts';
import { failureLayout, runLayout } from './failure-layout.ts';
import type { Layout } from './layout.ts';
import { packetLines, packetScroll } from './packet-lines.ts';
import { paneLines } from './pane-lines.ts';
import { headLines, paneNeeds, paneOf } from './screens/failure.tsx';
import { helpLines, overlayLines } from './screens/message.tsx';

interface Extent {
  readonly lines: number;
  readonly height: number;
  /** The first visible line now. */
  readonly at: number;
}

function failureExtent(vm: ViewModel, at: Layout): Extent {
  const { columns, rows, roomy } = at;
  const view = vm.failure!;
  const head = headLines(view, columns, Math.max(1, Math.floor(rows / 5))).length;
  return panesExtent(vm, view, columns, rows - head - 1 - (roomy ? 2 : 0));
}

function panesExtent(vm: ViewModel, view: FailureView, columns: number, rest: number): Extent {
  const { focus } = vm;
  const pane = focus ? paneOf(view, focus) : null;
  if (pane) return { lines: paneLines(pane, columns - 4).length, height: rest - 2, at: vm.scroll };
  if (!view.packet) return { lines: 0, height: rest, at: 0 };
  const part = focus === 'hex' || focus === 'headers' ? focus : null;
  const { columns: placed } = failureLayout(paneNeeds(view), columns, rest);
  const box = placed.flatMap(({ rows }) => rows.flat()).find(({ name }) => name === 'packet');
  const size = part || !box ? { width: columns, height: rest } : box.size;
  const shown = packetLines(view.packet, { width: size.width - 4, part, difference: view.difference });
  const height = size.height - 2;
  return { lines: shown.lines.length, height, at: packetScroll(shown, vm.scroll, height) };
}

/** The result below the form. */
function runExtent(vm: ViewModel, at: Layout): Extent | null {
  const run = vm.run_screen;
  if (!run?.result || at.kind === 'tiny') return null;
  const { rest, facts } = runLayout(run, at);
  const height = Math.max(0, rest - headLines(run.result, at.columns, facts).length);
  return panesExtent(vm, run.result, at.columns, height);
}

/** What a screen too small for panes leaves for text: all but the verdict and the keys. */
function tinyHeight(rows: number): number {
  return Math.max(0, rows - (rows > 3 ? 2 : 1));
}

function extentOf(vm: ViewModel, at: Layout): Extent | null {
  const tiny = at.kind === 'tiny';
  const height = tiny ? tinyHeight(at.rows) : at.list.height - 2;
  const first = Math.max(0, vm.scroll);
  if (vm.help) return { lines: helpLines(vm, tiny ? at.columns : at.columns - 6).length, height, at: first };
  if (vm.overlay) return { lines: overlayLines(vm, tiny ? at.columns + 6 : at.columns).length, height, at: first };
  if (vm.run_screen) return runExtent(vm, at);
  if (vm.pane !== 'detail') return null;
  if (vm.failure && !tiny) return failureExtent(vm, at);
  return { lines: detailLines(vm.detail, tiny ? at.columns : at.columns - 4).length, height, at: first };
}

export function scrollCommand(command: Command, vm: ViewModel, at: Layout): Command {
  if (command.do !== 'move' && command.do !== 'edge') return command;
  const extent = extentOf(vm, at);
  if (!extent) return command;
  const last = Math.max(0, extent.lines - extent.height);
  if (command.do === 'edge') return { do: 'scroll', to: command.end === 'first' ? 0 : last };
  return { do: 'scroll', to: Math.max(0, Math.min(last, extent.at + command.by)) };
}
