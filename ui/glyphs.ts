/** The characters beyond ASCII that the screen draws with, and what stands for each where only ASCII may be used: one cell each. */

const ASCII: Readonly<Record<string, string>> = {
  '✓': '+',
  '✗': 'x',
  '↷': '~',
  '◌': 'o',
  '▸': '>',
  '▾': 'v',
  '·': '.',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '…': '~',
  '▌': '>',
  '◂': '<',
  '▲': '^',
  '●': '*',
  '│': '|',
  '─': '-',
  '┌': '+',
  '┐': '+',
  '└': '+',
  '┘': '+',
  '›': '>',
  '’': "'",
  '“': '"',
  '”': '"',
  '█': '#',
  '▇': '#',
  '▆': '#',
  '▅': '=',
  '▄': '=',
  '▃': '-',
  '▂': '-',
  '▁': '_',
  '▉': '#',
  '▊': '#',
  '▋': '=',
  '▍': '=',
  '▎': '-',
  '▏': '-',
};

const BEYOND = /[^\u0020-\u007e]/gu;

/** Text of the same width in ASCII; what has no stand-in is a question mark. */
export function toAscii(text: string): string {
  return text.replace(BEYOND, (char) => ASCII[char] ?? '?'.repeat(Bun.stringWidth(char)));
}
