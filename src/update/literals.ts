/** Values as the text that stands for them in a case file, in the manner of what stood there before. */
import type { Fix } from '../expect/fix.ts';
import { charText } from '../format/values.ts';
import { literal, quoted } from '../init/literal.ts';
import { type SourceNode, type Syntax, textOf } from './source-tree.ts';
import { dataOf } from './yaml-source.ts';

const NUMERIC = /^-?(?:0x[\da-f]+|\d+)n?$/i;

/** A number in the base of the one that stood there, with as many digits at least. */
function numberLike(before: string, value: number | bigint): string {
  const hex = /^0x([\da-f]+)/i.exec(before)?.[1];
  if (hex === undefined || value < 0) return String(value);
  return `0x${value.toString(16).padStart(hex.length, '0')}`;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

/** Beyond what a double holds exactly. */
function isLarge(value: number | bigint): boolean {
  return !Number.isSafeInteger(Number(value));
}

/** Text in quotes like those before. */
function textLike(syntax: Syntax, before: string, text: string): string {
  if (syntax === 'json') return JSON.stringify(text);
  if (syntax === 'yaml' && !/^['"]/.test(before) && dataOf(text) === text && !/[:#,[\]{}\n]/.test(text)) return text;
  if (before.startsWith('"')) return JSON.stringify(text);
  return syntax === 'yaml' ? yamlQuoted(text) : quoted(text);
}

function yamlQuoted(text: string): string {
  return /[\n\\\u0000-\u001f]/.test(text) ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
}

function stringInstead(syntax: Syntax, before: string, { value, named }: Fix): string {
  const inside = before.replace(/^['"]|['"]$/g, '');
  if (isNumber(value) && NUMERIC.test(inside)) return textLike(syntax, before, numberLike(inside, value));
  if (named !== undefined) return textLike(syntax, before, named);
  const chars = Array.isArray(value) ? charText(value) : null;
  if (chars !== null) return textLike(syntax, before, chars);
  if (typeof value !== 'string') return valueText(syntax, value);
  // Bytes keep the word in front of them, or its absence.
  const bytes = /^hex:/.test(value) && !/^hex:/.test(inside) ? value.slice(4) : value;
  return textLike(syntax, before, bytes);
}

function numberInstead(syntax: Syntax, before: string, { value, named }: Fix): string {
  if (!isNumber(value)) return valueText(syntax, value ?? named ?? null);
  const text = numberLike(before, value);
  if (syntax === 'ts') return before.endsWith('n') || isLarge(value) ? `${text}n` : text;
  return isLarge(value) ? textLike(syntax, '"', text) : text;
}

/** What replaces a value; undefined: a new one. */
export function newText(syntax: Syntax, source: string, old: SourceNode | undefined, fix: Fix): string {
  const before = old === undefined ? '' : textOf(source, old);
  const { value, named } = fix;
  if (old?.kind === 'string') return stringInstead(syntax, before, fix);
  if (old?.kind === 'number' || old?.kind === 'bigint') return numberInstead(syntax, before, fix);
  // Header fields may be said to be not zero, or zero.
  const flag = fix.path[0] === 'data_out' && /^(true|false)$/.test(before);
  if (flag && typeof value === 'number') return String(value !== 0);
  return valueText(syntax, named ?? value);
}

/** Fields of zeros are not left out: they are what was received. */
export function valueText(syntax: Syntax, value: unknown): string {
  return syntax === 'ts' ? literal(value) : dataText(syntax, value);
}

/** On one line, in braces; numbers beyond a double's are text. */
function dataText(syntax: Syntax, value: unknown): string {
  if (isNumber(value)) return isLarge(value) ? JSON.stringify(String(value)) : String(value);
  if (typeof value === 'string') return textLike(syntax, '', value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map((item) => dataText(syntax, item)).join(', ')}]`;
  const fields = Object.entries(value).map(([name, item]) => `${keyText(syntax, name)}: ${dataText(syntax, item)}`);
  if (fields.length === 0) return '{}';
  return syntax === 'json' ? `{ ${fields.join(', ')} }` : `{${fields.join(', ')}}`;
}

export function keyText(syntax: Syntax, name: string): string {
  if (syntax === 'json') return JSON.stringify(name);
  return /^[A-Za-z_]\w*$/.test(name) ? name : syntax === 'yaml' ? textLike('yaml', '', name) : quoted(name);
}
