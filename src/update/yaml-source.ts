/** YAML and JSON case files as trees with positions, and where a case stands in one. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { fieldIn, type SourceField, type SourceNode, type SourceObject } from './source-tree.ts';

export interface DataSource {
  readonly root: SourceNode;
  /** Every object in it, the outer ones first. */
  readonly objects: readonly SourceObject[];
  lineOf(position: number): number;
  /** Text of a scalar, null for everything else. */
  scalarAt(node: SourceNode): unknown;
}

class Reader {
  readonly objects: SourceObject[] = [];
  readonly scalars = new Map<SourceNode, unknown>();

  node(node: Node | null, at: number): SourceNode {
    const [start, end] = node?.range ?? [at, at];
    if (node === null || isAlias(node)) return { kind: 'other', start, end };
    if (isMap(node)) return this.object(node, start, end);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.node(item as Node | null, end));
      return { kind: 'array', start, end, items, open: false, block: node.flow !== true };
    }
    return isScalar(node) ? this.scalar(node.value, start, end, node.type) : { kind: 'other', start, end };
  }

  private object(node: Extract<Node, { items: unknown[] }>, start: number, end: number): SourceObject {
    const fields: SourceField[] = [];
    const place = this.objects.length;
    this.objects.push({ kind: 'object', start, end, fields, open: false, block: false });
    let open = false;
    for (const pair of node.items) {
      if (!isPair(pair) || !isScalar(pair.key)) open = true;
      else if (pair.key.value === '<<') open = true;
      else {
        const key = pair.key as Node;
        const value = this.node(pair.value as Node | null, key.range?.[1] ?? end);
        const name = String((pair.key as { value: unknown }).value);
        fields.push({ name, start: key.range?.[0] ?? start, end: value.end, value });
      }
    }
    const made: SourceObject = { kind: 'object', start, end, fields, open, block: node.flow !== true };
    this.objects[place] = made;
    return made;
  }

  private scalar(value: unknown, start: number, end: number, type: string | null | undefined): SourceNode {
    const block = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
    const kind = block ? 'other' : typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : 'word';
    const made: SourceNode = { kind, start, end };
    this.scalars.set(made, value);
    return made;
  }
}

/** What a document holds as plain data; null where it does not parse. */
export function dataOf(text: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent' });
  return document.errors.length > 0 ? null : document.toJS();
}

/** Null where the file does not parse. */
export function readData(text: string): DataSource | null {
  const lines = new LineCounter();
  const document: Document.Parsed = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  if (document.errors.length > 0 || document.contents === null) return null;
  const reader = new Reader();
  const root = reader.node(document.contents, 0);
  return {
    ...{ root, objects: reader.objects },
    lineOf: (position) => lines.linePos(position).line,
    scalarAt: (node) => reader.scalars.get(node),
  };
}

/** The object of a case by its name: the one on that line where several have it; null where that is not clear. */
export function caseIn(source: DataSource, name: string, line: number): SourceObject | null {
  const named = source.objects.filter((one) => {
    const field = fieldIn(one, 'name');
    return field !== null && source.scalarAt(field.value) === name && fieldIn(one, 'cases') === null;
  });
  const here = named.filter((one) => source.lineOf(fieldIn(one, 'name')!.value.start) === line);
  const found = here.length > 0 ? here : named;
  return found.length === 1 ? found[0]! : null;
}
