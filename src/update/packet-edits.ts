/** Expected packets that are built: header fields changed where the packet is written, or behind it by `.with(…)`. */
import type { Fix } from '../expect/fix.ts';
import { fullName } from '../packet/short-names.ts';
import { type Edit, fieldAdded, replaced } from './edits.ts';
import { keyText, newText, valueText } from './literals.ts';
import { isLiteral, type SourceNode, type SourceObject, type Syntax, textOf } from './source-tree.ts';
import { behindBlanks, behindBracket, nodeAt } from './ts-source.ts';

type Header = NonNullable<Fix['header']>;

/** What the builder computes follows by itself. */
const COMPUTED = /\(right\)$/;
const CHAIN = /^[A-Za-z_$][\w$]*(?:\s*\.\s*[A-Za-z_$][\w$]*|\s*\(\)|\s*\[\])*$/;
/** Calls behind which a layer's own call does not say what the layer is. */
const CHANGES = ['with', 'without', 'from', 'append'];

/** What to give the builder for a field that reads `0x0800 (IPv4)`. */
function fieldFix({ layer, field, value }: Header): Fix {
  const [, outside = value, inside] = /^(\S+) \((.*)\)$/.exec(value) ?? [];
  if (layer === 'tcp' && field === 'flags') return { path: [], value: inside ?? Number(outside) };
  return { path: [], value: /^(\d+|0x[\da-f]+)$/i.test(outside) ? Number(outside) : outside };
}

/** A reason where a header cannot be given to the builder. */
function unfit(fixes: readonly Fix[]): string | null {
  if (fixes.some((fix) => fix.header === undefined)) return 'the packet is built, and its layers or payload differ';
  const odd = fixes.find(({ header }) => /\s/.test(header!.value.replace(/ \(.*\)$/, '')));
  return odd ? `the packet is built, and ${odd.header!.field} is no single value` : null;
}

interface Call {
  readonly name: string;
  /** Its bracket, and behind its closing one. */
  readonly open: number;
  readonly end: number;
}

/** Calls of a chain at its top level, in order; null where the text is no chain. */
function callsOf(source: string, node: SourceNode): Call[] | null {
  const calls: Call[] = [];
  let bare = '';
  for (let at = node.start; at < node.end; ) {
    const c = source[at]!;
    if (c === '(' || c === '[' || c === '{') {
      const end = behindBracket(source, at);
      const name = /\.\s*([A-Za-z_$][\w$]*)\s*$/.exec(source.slice(node.start, at))?.[1];
      if (c === '(' && name !== undefined) calls.push({ name, open: at, end });
      bare += c === '(' ? '()' : c === '[' ? '[]' : '{}';
      at = end;
    } else {
      bare += c;
      at++;
    }
  }
  return CHAIN.test(bare.trim()) ? calls : null;
}

/** Changes in the call that makes the headers' layer; null where the packet is not written so. */
function inCall(source: string, calls: readonly Call[], headers: readonly Header[]): Edit[] | null {
  const { layer, nth } = headers[0]!;
  const last = nth === 1 ? inLastWith(source, calls, headers) : null;
  const call = calls.filter(({ name }) => name === layer)[nth - 1];
  if (last !== null || call === undefined || calls.some(({ name }) => CHANGES.includes(name))) return last;
  const at = behindBlanks(source, call.open + 1);
  if (at === call.end - 1) {
    return [{ start: call.open, end: call.end, text: `({ ${fieldsText(source, 'ts', headers)} })` }];
  }
  const given = nodeAt(source, at);
  return given.kind === 'object' ? inFields(source, 'ts', given, headers) : null;
}

/** Changes in a chain's end that says `.with('ipv4', {…})` of the same layer. */
function inLastWith(source: string, calls: readonly Call[], headers: readonly Header[]): Edit[] | null {
  const call = calls.at(-1);
  if (call?.name !== 'with') return null;
  const layer = nodeAt(source, call.open + 1);
  const comma = behindBlanks(source, layer.end);
  if (layer.kind !== 'string' || source[comma] !== ',') return null;
  const given = nodeAt(source, comma + 1);
  const only = source[behindBlanks(source, given.end)] === ')' && behindBlanks(source, given.end) === call.end - 1;
  const same = textOf(source, layer).slice(1, -1) === headers[0]!.layer;
  return same && only && given.kind === 'object' ? inFields(source, 'ts', given, headers) : null;
}

function fieldsText(source: string, syntax: Syntax, headers: readonly Header[]): string {
  return headers
    .map((header) => `${keyText(syntax, header.field)}: ${newText(syntax, source, undefined, fieldFix(header))}`)
    .join(', ');
}

/** Changes in the object of a layer's fields, which may have short names. */
function inFields(source: string, syntax: Syntax, given: SourceObject, headers: readonly Header[]): Edit[] | null {
  const edits: Edit[] = [];
  const missing: Header[] = [];
  for (const header of headers) {
    const known = given.fields.findLast((one) => fullName(header.layer, one.name) === header.field)?.value;
    if (known === undefined) missing.push(header);
    else if (isLiteral(known)) edits.push(replaced(known, newText(syntax, source, known, fieldFix(header))));
    else return null;
  }
  if (missing.length === 0) return edits;
  if (given.open) return null;
  // In a YAML block each field has its line.
  const parts = given.block ? missing.map((header) => [header]) : [missing];
  const added = parts.map((part) => fieldAdded(source, given, fieldsText(source, syntax, part), syntax !== 'yaml'));
  return [...edits, ...added];
}

function byLayer(headers: readonly Header[]): Header[][] {
  return [...Map.groupBy(headers, ({ layer, nth }) => `${layer} ${nth}`).values()];
}

/** `.with('ipv4', { ttl: 63 })`. */
function withCall(source: string, headers: readonly Header[]): string {
  const { layer, nth } = headers[0]!;
  return `.with('${layer}', { ${fieldsText(source, 'ts', headers)} }${nth > 1 ? `, ${nth}` : ''})`;
}

/** For an expression that gives a packet. All fixes are of the one packet; a sentence where they cannot be written. */
export function builtPacket(source: string, node: SourceNode, given: readonly Fix[]): Edit[] | string {
  const fixes = given.filter((fix) => fix.aside !== true);
  const reason = unfit(fixes);
  if (reason !== null) return reason;
  const headers = fixes.map((fix) => fix.header!).filter(({ value }) => !COMPUTED.test(value));
  if (headers.length === 0) return 'the packet is built, and only checksums differ';
  const calls = callsOf(source, node);
  const edits: Edit[] = [];
  let behind = '';
  for (const part of byLayer(headers)) {
    const found = calls === null ? null : inCall(source, calls, part);
    if (found === null) behind += withCall(source, part);
    else edits.push(...found);
  }
  if (behind === '') return edits;
  if (calls !== null) return [...edits, { start: node.end, end: node.end, text: behind }];
  return [{ start: node.start, end: node.end, text: `(${textOf(source, node)})${behind}` }];
}

/** For `{packet: [...]}` in data: the layers of a list, each a name or an object of one. */
export function listedPacket(
  source: string,
  syntax: Syntax,
  layers: readonly SourceNode[],
  given: readonly Fix[],
  nameAt: (node: SourceNode) => unknown,
): Edit[] | string {
  const fixes = given.filter((fix) => fix.aside !== true);
  const reason = unfit(fixes);
  if (reason !== null) return reason;
  const headers = fixes.map((fix) => fix.header!).filter(({ value }) => !COMPUTED.test(value));
  const edits: Edit[] = [];
  for (const part of byLayer(headers)) {
    const { layer, nth, field } = part[0]!;
    const node = layers.filter((one) => layerName(one, nameAt) === layer)[nth - 1];
    const found = node === undefined ? null : inLayer(source, syntax, node, part);
    if (found === null) return `${layer}.${field} cannot be written into the packet's layers`;
    edits.push(...found);
  }
  return edits.length > 0 ? edits : 'the packet is built, and only checksums differ';
}

function layerName(node: SourceNode, nameAt: (node: SourceNode) => unknown): unknown {
  return node.kind === 'object' ? node.fields[0]?.name : nameAt(node);
}

function inLayer(source: string, syntax: Syntax, node: SourceNode, headers: readonly Header[]): Edit[] | null {
  if (node.kind === 'object') {
    const given = node.fields[0]?.value;
    return given?.kind === 'object' ? inFields(source, syntax, given, headers) : null;
  }
  const fields = Object.fromEntries(headers.map((header) => [header.field, fieldFix(header).value]));
  return [replaced(node, valueText(syntax, { [headers[0]!.layer]: fields }))];
}
