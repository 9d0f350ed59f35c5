/** What moving means where text lies over the tables or a frame is open: it scrolls, and only the screen knows how many lines there are. */
import type { LiveKeyCommand, LiveViewModel } from '../../src/live-view.ts';
import { frameEnd } from './frame-lines.ts';
import { overlayText } from './overlay.ts';

/** Title, status, keys, and the edges of a panel: what a screen has beside the lines of one pane. */
export const AROUND_PANE = 5;

/** The last line that may come to the top, null where nothing scrolls. */
function lastTop(vm: LiveViewModel, columns: number, rows: number): number | null {
  const height = rows - AROUND_PANE;
  const over = overlayText(vm, columns);
  if (over !== null) return Math.max(0, over.lines.length - height);
  return vm.frame === null ? null : frameEnd(vm.frame, columns, height);
}

export function scrolled(command: LiveKeyCommand, vm: LiveViewModel, columns: number, rows: number): LiveKeyCommand {
  if (command.do !== 'move') return command;
  const last = lastTop(vm, columns, rows);
  if (last === null) return command;
  return { do: 'scroll', to: Math.max(0, Math.min(last, Math.min(last, vm.scroll) + command.by)) };
}
