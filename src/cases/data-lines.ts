/** The lines that cases of YAML and JSON files are named on, and those of their fields. */

import { fieldIn, type SourceObject } from '../update/source-tree.ts';
import { readData } from '../update/yaml-source.ts';
import { fieldLine, type NameLines } from './field-line.ts';

/** The `name` fields of data, in whatever quotes. */
export class DataLines implements NameLines {
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
