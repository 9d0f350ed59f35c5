/** Values as TypeScript writes them: quotes, commas and line breaks as formatters leave them. */

const WIDTH = 110;
const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

export function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (c) => `\\${c}`).replaceAll('\n', '\\n')}'`;
}

/** Source text that is no value: taken as it stands. */
export class Source {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function keyText(name: string): string {
  return PLAIN_KEY.test(name) || /^(0|[1-9]\d*)$/.test(name) ? name : quoted(name);
}

function parts(value: object): { readonly open: string; readonly close: string; readonly items: [string, unknown][] } {
  if (Array.isArray(value)) return { open: '[', close: ']', items: value.map((item) => ['', item]) };
  const items = Object.entries(value).map(([name, item]): [string, unknown] => [`${keyText(name)}: `, item]);
  return { open: '{', close: '}', items };
}

function oneLine(value: unknown): string {
  if (value instanceof Source) return value.text;
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { open, close, items } = parts(value);
  const inside = items.map(([name, item]) => name + oneLine(item)).join(', ');
  return open === '{' && inside !== '' ? `{ ${inside} }` : open + inside + close;
}

/** A value, broken into lines where it does not fit behind `indent` blanks and `before` other characters. */
export function literal(value: unknown, indent = 0, before = 0): string {
  const line = oneLine(value);
  const simple = typeof value !== 'object' || value === null || value instanceof Source;
  if (simple || indent + before + line.length < WIDTH) return line;
  const { open, close, items } = parts(value);
  const blank = ' '.repeat(indent + 2);
  const lines = items.map(([name, item]) => `${blank}${name}${literal(item, indent + 2, name.length + 1)},\n`);
  return `${open}\n${lines.join('')}${' '.repeat(indent)}${close}`;
}
