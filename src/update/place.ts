/** Where the differences of one case are written in its object, and the edits that settle them; or why there are none. */
import { shownStep } from '../cases/steps.ts';
import type { Fix } from '../expect/fix.ts';
import type { Difference, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { CaseSource } from './case-source.ts';
import { type Edit, fieldAdded, itemAdded, itemsRemoved, replaced } from './edits.ts';
import { keyText, newText, valueText } from './literals.ts';
import { builtPacket, listedPacket } from './packet-edits.ts';
import { fieldIn, isLiteral, nodeIn, type SourceArray, type SourceNode, type SourceObject } from './source-tree.ts';

/** Differences that are settled together, by edits; or why not. */
export interface Placed {
  readonly differences: readonly Difference[];
  readonly edits: readonly Edit[] | string;
}

/** Fields of `expect` that a case may say over what is shared, without losing anything of it. */
const SINGLE = ['retval', 'errno', 'data_size_out'];
const COMPUTED = 'it is computed there';
const UNFIXED: Readonly<Record<string, string>> = {
  fault: 'a fault is never expected by itself',
  kernel: 'the kernel and the engine do not agree: one of them is wrong',
  data_out: 'there was no packet to expect',
  maps: 'nothing that could be written stands for it',
};

/** All differences of a case. `whole` is its object. */
export function placeCase(source: CaseSource, whole: SourceObject, one: SettledCase, outcome: TestOutcome): Placed[] {
  const place = new Place(source, whole, one, outcome);
  const packet = outcome.differences.filter((d) => isPacket(d));
  const lists = Map.groupBy(
    outcome.differences.filter((d) => !isPacket(d)),
    (d) => listKey(d),
  );
  const placed = [...lists].flatMap(([key, list]) =>
    key === '' ? list.map((d) => place.single(d)) : place.list(list),
  );
  const settled = placed.filter((one) => !place.isEcho(one, placed));
  return packet.length === 0 ? settled : [place.packet(packet), ...settled];
}

/** The packet as a whole, of which several fields may differ. */
function isPacket({ fix }: Difference): boolean {
  return fix?.path.join() === 'data_out';
}

/** Items that are added to or taken from one list, by the list's path; '' for everything else. */
function listKey({ fix }: Difference): string {
  if (fix === undefined || typeof fix.path.at(-1) !== 'number') return '';
  return JSON.stringify(fix.path.slice(0, -1));
}

class Place {
  private readonly source: CaseSource;
  private readonly whole: SourceObject;
  private readonly one: SettledCase;
  private readonly outcome: TestOutcome;
  /** Of the step that failed, else of the case. */
  private readonly holder: SourceNode | null;

  constructor(source: CaseSource, whole: SourceObject, one: SettledCase, outcome: TestOutcome) {
    this.source = source;
    this.whole = whole;
    this.one = one;
    this.outcome = outcome;
    this.holder = outcome.step ? nodeIn(whole, ['steps', outcome.step.number - 1]) : whole;
  }

  private get expected(): SourceNode | null {
    return fieldIn(this.holder, 'expect')?.value ?? null;
  }

  single(d: Difference): Placed {
    const { fix } = d;
    const edits = fix === undefined ? (UNFIXED[d.field] ?? 'it is no single value') : this.place(fix);
    return { differences: [d], edits };
  }

  /** A difference in a part that is not written, beside one in the same value that is: views of the same bytes in a union. */
  isEcho({ differences: [d], edits }: Placed, all: readonly Placed[]): boolean {
    const path = d?.fix?.whole?.path.join('\0');
    if (edits !== NOT_WRITTEN || path === undefined) return false;
    return all.some((one) => typeof one.edits !== 'string' && one.differences[0]?.fix?.whole?.path.join('\0') === path);
  }

  private place(fix: Fix): readonly Edit[] | string {
    const { expected } = this;
    const written = this.writtenAsBytes(expected, fix);
    if (written !== null) return written;
    for (const path of [fix.path, ...(fix.or ? [fix.or] : [])]) {
      const node = nodeIn(expected, path);
      if (node !== null && (path === fix.path || isLiteral(node))) return this.inPlaceOf(node, fix);
    }
    const list = nodeIn(expected, fix.path.slice(0, -1));
    if (list !== null && fix.path.length > 1) return list.kind === 'object' && !list.open ? NOT_WRITTEN : COMPUTED;
    return this.notThere(expected, fix);
  }

  /** A value given as bytes is replaced as a whole. */
  private writtenAsBytes(expected: SourceNode | null, fix: Fix): readonly Edit[] | null {
    const node = fix.whole === undefined ? null : nodeIn(expected, fix.whole.path);
    if (node === null || fix.whole === undefined) return null;
    const bytes = { path: fix.path, value: `hex:${fix.whole.hex}` };
    if (node.kind === 'string' && /^['"]?hex:/.test(this.text(node))) return [this.rewritten(node, bytes)];
    const hex = node.kind === 'object' && node.fields.length === 1 ? fieldIn(node, 'hex')?.value : undefined;
    return hex?.kind === 'string' ? [this.rewritten(hex, { path: fix.path, value: fix.whole.hex })] : null;
  }

  private text(node: SourceNode): string {
    return this.source.text.slice(node.start, node.end);
  }

  private rewritten(node: SourceNode, fix: Fix): Edit {
    return replaced(node, newText(this.source.syntax, this.source.text, node, fix));
  }

  private inPlaceOf(node: SourceNode, fix: Fix): readonly Edit[] | string {
    if (fix.value === undefined) return 'there is nothing that could stand there';
    if (node.kind === 'regexp' || fieldIn(node, 'regexp') !== null) return 'a regular expression stands there';
    if (node.kind === 'other') return COMPUTED;
    if (node.kind === 'object' && node.open) return 'something is spread into it';
    return [this.rewritten(node, fix)];
  }

  /** Nothing of it stands in the case's own `expect`. */
  private notThere(expected: SourceNode | null, fix: Fix): readonly Edit[] | string {
    const [field] = fix.path as [string];
    const said = expected === null ? null : nodeIn(expected, [field]);
    if (said !== null) return said.kind === 'object' ? NOT_WRITTEN : COMPUTED;
    const wanted = shownStep(this.one, this.outcome).expect as { readonly [field: string]: unknown };
    if (wanted[field] === undefined) return `no ${field} is expected: what the run is given may be wrong`;
    const shared = this.outcome.step !== undefined && nodeIn(this.whole, ['expect', field]) !== null;
    if (!SINGLE.includes(field)) {
      return shared ? 'it holds for every step of the case' : 'it is shared by a suite, or spread into the case';
    }
    return this.added(expected, field, fix);
  }

  /** The case's own word over what a suite or all steps share. */
  private added(expected: SourceNode | null, field: string, fix: Fix): readonly Edit[] | string {
    const { holder, source } = this;
    const { syntax, text } = source;
    const value = `${keyText(syntax, field)}: ${newText(syntax, text, undefined, fix)}`;
    const spaced = syntax !== 'yaml';
    if (expected?.kind === 'object' && !expected.open) return [fieldAdded(text, expected, value, spaced)];
    if (expected !== null) return COMPUTED;
    if (holder?.kind !== 'object' || holder.open) return 'something is spread into the case';
    const braced = spaced ? `{ ${value} }` : `{${value}}`;
    return [fieldAdded(text, holder, `${keyText(syntax, 'expect')}: ${braced}`, spaced)];
  }

  /** Items of one list: some replaced, some added behind all, some gone. */
  list(differences: readonly Difference[]): Placed[] {
    const path = differences[0]!.fix!.path.slice(0, -1);
    const list = nodeIn(this.expected, path);
    if (list?.kind !== 'array' || list.open) return differences.map((d) => this.single(d));
    const index = (d: Difference) => d.fix!.path.at(-1) as number;
    const gone = differences.filter((d) => d.fix!.value === undefined);
    const more = differences.filter((d) => d.fix!.value !== undefined && index(d) >= list.items.length);
    const rest = differences.filter((d) => !gone.includes(d) && !more.includes(d));
    return [
      ...rest.map((d) => this.single(d)),
      ...(more.length === 0 ? [] : [{ differences: more, edits: this.itemsAdded(list, more) }]),
      ...(gone.length === 0 ? [] : [{ differences: gone, edits: this.itemsGone(list, gone.map(index)) }]),
    ];
  }

  private itemsAdded(list: SourceArray, more: readonly Difference[]): readonly Edit[] {
    const { syntax, text } = this.source;
    const texts = more.map((d) => newText(syntax, text, undefined, d.fix!));
    if (list.items.length === 0) return [itemAdded(text, list, texts.join(', '))];
    return texts.map((item) => itemAdded(text, list, item));
  }

  private itemsGone(list: SourceArray, gone: readonly number[]): readonly Edit[] | string {
    return itemsRemoved(this.source.text, list, new Set(gone)) ?? 'its line holds more than the item';
  }

  /** The expected packet: bytes, or built of layers. */
  packet(differences: readonly Difference[]): Placed {
    return { differences, edits: this.packetEdits(differences.map((d) => d.fix!)) };
  }

  private packetEdits(fixes: readonly Fix[]): readonly Edit[] | string {
    const { syntax, text } = this.source;
    const node = nodeIn(this.expected, ['data_out']);
    const [first] = fixes;
    if (node === null || first === undefined)
      return this.notThere(this.expected, first ?? { path: ['data_out'], value: null });
    if (node.kind === 'string') return [this.rewritten(node, first)];
    if (node.kind === 'array') return [replaced(node, valueText(syntax, first.value))];
    const layers = fieldIn(node, 'packet')?.value;
    if (layers?.kind === 'array') {
      return listedPacket(text, syntax, layers.items, fixes, (one) => this.scalarText(one));
    }
    if (node.kind === 'object') return 'it is read from a file';
    return this.expectsBuilt() ? builtPacket(text, node, fixes) : COMPUTED;
  }

  private expectsBuilt(): boolean {
    return shownStep(this.one, this.outcome).expect.built === true;
  }

  private scalarText(node: SourceNode): unknown {
    return this.source.syntax === 'ts' ? this.text(node).replace(/^['"]|['"]$/g, '') : this.source.scalarAt(node);
  }
}

const NOT_WRITTEN = 'the part that differs is not written there';
