/** Sixteen bytes a row, as offset, hex and text; and two packets over each other with marks under what differs. */

const ROW = 16;

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

function hexCells(bytes: Uint8Array, start: number): string {
  let text = '';
  for (let i = 0; i < ROW; i++) {
    if (i === 8) text += ' ';
    const byte = bytes[start + i];
    text += byte === undefined ? '   ' : `${byte.toString(16).padStart(2, '0')} `;
  }
  return text;
}

function textCells(bytes: Uint8Array, start: number): string {
  return Array.from(bytes.subarray(start, start + ROW), printable).join('');
}

function offsetText(offset: number): string {
  return offset.toString(16).padStart(4, '0');
}

export function hexdump(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    rows.push(`${offsetText(at)}  ${hexCells(bytes, at)} ${textCells(bytes, at)}`);
  }
  return rows;
}

export interface HexDiffRow {
  readonly offset: number;
  readonly kind: 'same' | 'before' | 'after' | 'marks';
  readonly text: string;
}

function marks(a: Uint8Array, b: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < ROW; i++) {
    if (i === 8) text += ' ';
    text += a[at + i] === b[at + i] ? '   ' : '^^ ';
  }
  return text.trimEnd();
}

function rowDiffers(a: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = at; i < at + ROW; i++) if (a[i] !== b[i]) return true;
  return false;
}

/** Rows with a difference as a `-`, a `+` and a line of `^^` (81 columns at most less the last blank); equal rows once. */
export function hexDiff(before: Uint8Array, after: Uint8Array): HexDiffRow[] {
  const rows: HexDiffRow[] = [];
  const row = (bytes: Uint8Array, at: number, sign: string): string =>
    `${offsetText(at)} ${sign} ${hexCells(bytes, at)} ${textCells(bytes, at)}`;
  for (let at = 0; at < Math.max(before.length, after.length); at += ROW) {
    if (!rowDiffers(before, after, at)) {
      rows.push({ offset: at, kind: 'same', text: row(before, at, ' ') });
      continue;
    }
    if (at < before.length) rows.push({ offset: at, kind: 'before', text: row(before, at, '-') });
    if (at < after.length) rows.push({ offset: at, kind: 'after', text: row(after, at, '+') });
    rows.push({ offset: at, kind: 'marks', text: `       ${marks(before, after, at)}` });
  }
  return rows;
}
