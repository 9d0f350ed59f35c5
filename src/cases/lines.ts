/** The lines that cases are named on, found going forward, so that cases of one name get lines of their own; and those of their fields. */

import { objectAround } from '../update/ts-source.ts';
import { isDataFile } from './data.ts';
import { fieldLine, lineAt, type NameLines } from './field-line.ts';

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

/** Those of a file of data are found by a reader of YAML, which is loaded with the first of them. */
export async function nameLines(file: string, source: string): Promise<NameLines> {
  if (!isDataFile(file)) return new CodeLines(source);
  const { DataLines } = await import('./data-lines.ts');
  return new DataLines(source);
}
