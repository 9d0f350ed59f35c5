/** The frame that is looked at, as lines of panels: what became of it beside its headers and bytes, or above them where it is narrow. */
import type { FrameView, Line } from '../../src/live-view.ts';
import { cut, wrap } from '../cells.ts';
import { packetLines } from '../packet-lines.ts';

export interface FramePanel {
  readonly width: number;
  readonly title: string;
  readonly note: string;
  readonly lines: readonly Line[];
}

/** From here on the packet stands beside the text. */
const TWO_PANES = 140;
/** A row of bytes with its text. */
const PACKET_WIDTH = 78;
/** Frame and a blank at either side. */
const AROUND = 4;

const BLANK: Line = [{ text: ' ', tag: 'plain' }];

function textLines({ lines }: FrameView, width: number): Line[] {
  return lines.flatMap(({ text, code }) => (code === true ? [cut(text, width)] : wrap(text, width)));
}

function indented(lines: readonly Line[]): Line[] {
  return lines.map((line) => [...BLANK, ...line]);
}

export function framePanels(view: FrameView, columns: number): FramePanel[] {
  const packet = (width: number) =>
    packetLines(view.packet, { width: width - AROUND, part: null, difference: 0 }).lines;
  if (columns < TWO_PANES) {
    const lines = indented([...textLines(view, columns - AROUND), [], ...packet(columns)]);
    return [{ width: columns, title: view.title, note: view.note, lines }];
  }
  const left = columns - Math.max(PACKET_WIDTH, Math.floor(columns / 2));
  return [
    { width: left, title: view.title, note: view.note, lines: indented(textLines(view, left - AROUND)) },
    { width: columns - left, title: 'Packet', note: view.packet.note, lines: indented(packet(columns - left)) },
  ];
}

/** The last line that scrolling may bring to the top. */
export function frameEnd(view: FrameView, columns: number, height: number): number {
  return Math.max(0, ...framePanels(view, columns).map(({ lines }) => lines.length - height));
}
