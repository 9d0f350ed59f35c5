/** The lines that cases are named on, found going forward, so that cases of one name get lines of their own; and those of their fields. */
import { isDataFile } from './case-data.ts';
import { fieldIn, nodeNamed, type SourceObject } from './update/source-tree.ts';
import { objectAround } from './update/ts-source.ts';
import { readData } from './update/yaml-source.ts';

export interface NameLines {
  readonly source: string;
  /** From 1; 1 where the name is not there as it is. */
  lineOf(name: string): number;
  /** Of the case that was asked for last: the line of the field that a sentence begins with; null where that is not there. */
  fieldLine(sentence: string): number | null;
}

/** `step 2: expect.retval: …`, `` `data_in` is … `` and `` `expect` has no field `x` `` as paths. */
function pathIn(sentence: string): string {
  return sentence
    .replace(/^step (\d+): /, (_all, n: string) => `steps[${Number(n) - 1}].`)
    .replace(/(?:the case|a step) has no field `(\w+)`/, '$1')
    .replace(/`([\w.]+)` has no field `(\w+)`/, '$1.$2')
    .replace(/`([\w.[\]]+)`/, '$1:');
}

function lineAt(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}

function fieldLine(source: string, one: SourceObject | null, sentence: string): number | null {
  const node = one === null ? null : nodeNamed(one, pathIn(sentence));
  return node === null ? null : lineAt(source, node.start);
}

/** Names in quotes, as TypeScript has them. */
class CodeLines implements NameLines {
  readonly source: string;
  private from = 0;
  private at = -1;

  constructor(source: string) {
    this.source = source;
  }

  lineOf(name: string): number {
    const escaped = JSON.stringify(name).slice(1, -1);
    this.at = -1;
    for (const start of [this.from, 0]) {
      for (const quoted of [`'${name}'`, `"${escaped}"`, `\`${name}\``]) {
        const at = this.source.indexOf(quoted, start);
        if (at < 0) continue;
        this.at = at;
        this.from = at + quoted.length;
        return lineAt(this.source, at);
      }
    }
    return 1;
  }

  fieldLine(sentence: string): number | null {
    const one = this.at < 0 ? null : objectAround(this.source, this.at);
    return fieldLine(this.source, one?.kind === 'object' ? one : null, sentence);
  }
}

/** The `name` fields of data, in whatever quotes. */
class DataLines implements NameLines {
  readonly source: string;
  private readonly named: readonly { readonly one: SourceObject; readonly name: unknown; readonly line: number }[];
  private at = -1;

  constructor(source: string) {
    this.source = source;
    const data = readData(source);
    this.named = (data?.objects ?? []).flatMap((one) => {
      const value = fieldIn(one, 'name')?.value;
      return value === undefined ? [] : [{ one, name: data!.scalarAt(value), line: data!.lineOf(value.start) }];
    });
  }

  lineOf(name: string): number {
    const found = this.named.findIndex((known, i) => i > this.at && known.name === name);
    this.at = found >= 0 ? found : this.named.findIndex((known) => known.name === name);
    return this.named[this.at]?.line ?? 1;
  }

  fieldLine(sentence: string): number | null {
    return fieldLine(this.source, this.named[this.at]?.one ?? null, sentence);
  }
}

export function nameLines(file: string, source: string): NameLines {
  return isDataFile(file) ? new DataLines(source) : new CodeLines(source);
}
