/** Draws the buffer of a terminal as an SVG picture: colours as a dark terminal shows them, frames as lines without gaps. */
import type { IBufferCell, Terminal } from '@xterm/headless';

const CELL_W = 8.4;
const CELL_H = 18;
const FONT_SIZE = 14;
const BASELINE = 13.5;
const MARGIN = 14;
const BACKGROUND = '#16181d';
const FOREGROUND = '#d6d9e0';
const PALETTE = [
  ...['#16181d', '#e5534b', '#57ab5a', '#c69026', '#539bf5', '#b083f0', '#39c5cf', '#d6d9e0'],
  ...['#636e7b', '#ff938a', '#6bc46d', '#daaa3f', '#6cb6ff', '#dcbdfb', '#56d4dd', '#ffffff'],
];

interface Look {
  readonly colour: string;
  readonly background: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

function paletteColour(index: number): string {
  return PALETTE[index] ?? FOREGROUND;
}

function lookOf(cell: IBufferCell): Look {
  const bold = cell.isBold() !== 0;
  const colour = cell.isFgPalette() ? paletteColour(cell.getFgColor()) : FOREGROUND;
  const background = cell.isBgPalette() ? paletteColour(cell.getBgColor()) : null;
  const inverse = cell.isInverse() !== 0;
  return {
    colour: inverse ? (background ?? BACKGROUND) : colour,
    background: inverse ? colour : background,
    bold,
    dim: cell.isDim() !== 0,
  };
}

/** Which sides of a cell a frame character's lines lead to: up, right, down, left. */
const FRAMES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '─': [0, 1, 0, 1],
  '│': [1, 0, 1, 0],
  '┌': [0, 1, 1, 0],
  '┐': [0, 0, 1, 1],
  '└': [1, 1, 0, 0],
  '┘': [1, 0, 0, 1],
};

function framePath(x: number, y: number, sides: readonly [number, number, number, number]): string {
  const [cx, cy] = [x + CELL_W / 2, y + CELL_H / 2];
  const ends = [
    [cx, y],
    [x + CELL_W, cy],
    [cx, y + CELL_H],
    [x, cy],
  ] as const;
  return ends.map(([ex, ey], i) => (sides[i] ? `M${round(cx)} ${round(cy)}L${round(ex)} ${round(ey)}` : '')).join('');
}

const round = (n: number): number => Math.round(n * 100) / 100;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

interface Run {
  readonly at: number;
  readonly look: Look;
  text: string;
  width: number;
}

function sameLook(a: Look, b: Look): boolean {
  return a.colour === b.colour && a.background === b.background && a.bold === b.bold && a.dim === b.dim;
}

interface Row {
  readonly runs: Run[];
  frames: string;
}

function readRow(terminal: Terminal, y: number): Row {
  const buffer = terminal.buffer.active;
  const line = buffer.getLine(buffer.viewportY + y);
  const row: Row = { runs: [], frames: '' };
  for (let x = 0; x < terminal.cols; x++) {
    const cell = line?.getCell(x);
    if (!cell || cell.getWidth() === 0) continue;
    const char = cell.getChars() || ' ';
    const sides = FRAMES[char];
    if (sides) row.frames += framePath(MARGIN + x * CELL_W, MARGIN + y * CELL_H, sides);
    const look = lookOf(cell);
    const last = row.runs.at(-1);
    const text = sides ? ' ' : char;
    if (last && sameLook(last.look, look)) {
      last.text += text;
      last.width += cell.getWidth();
    } else row.runs.push({ at: x, look, text, width: cell.getWidth() });
  }
  return row;
}

function runSvg(run: Run, y: number): string {
  const { look } = run;
  const [left, top] = [round(MARGIN + run.at * CELL_W), MARGIN + y * CELL_H];
  const back = look.background
    ? `<rect x="${left}" y="${top}" width="${round(run.width * CELL_W)}" height="${CELL_H}" fill="${look.background}"/>`
    : '';
  return (
    back +
    words(run)
      .map(({ text, offset, width }) => {
        const x = round(left + offset * CELL_W);
        const weight = look.bold ? ' font-weight="bold"' : '';
        const dim = look.dim ? ' opacity="0.6"' : '';
        const length = ` textLength="${round(width * CELL_W)}"`;
        return `<text x="${x}" y="${top + BASELINE}" fill="${look.colour}"${weight}${dim}${length}>${escaped(text)}</text>`;
      })
      .join('')
  );
}

/** Words one by one, so that every one begins in its cell whatever the font's blanks are. */
function words(run: Run): { text: string; offset: number; width: number }[] {
  return [...run.text.matchAll(/\S+/g)].map((match) => ({
    text: match[0],
    offset: Bun.stringWidth(run.text.slice(0, match.index)),
    width: Bun.stringWidth(match[0]),
  }));
}

/** The whole screen. */
export function screenSvg(terminal: Terminal, title: string): string {
  const width = round(terminal.cols * CELL_W + 2 * MARGIN);
  const height = terminal.rows * CELL_H + 2 * MARGIN;
  const rows = Array.from({ length: terminal.rows }, (_, y) => readRow(terminal, y));
  const frames = rows.map((row) => row.frames).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    `<path d="${frames}" stroke="${PALETTE[8]}" stroke-width="1" fill="none"/>`,
    `<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}">`,
    ...rows.map((row, y) => row.runs.map((run) => runSvg(run, y)).join('')).filter((text) => text !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
