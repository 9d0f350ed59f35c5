/** From the sentence of a mistake to the line of the field of a case that it is about. */
import { nodeNamed, type SourceObject } from '../update/source-tree.ts';

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

export function lineAt(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}

/** The line of the field of a case that a sentence begins with. */
export function fieldLine(source: string, one: SourceObject | null, sentence: string): number | null {
  const node = one === null ? null : nodeNamed(one, pathIn(sentence));
  return node === null ? null : lineAt(source, node.start);
}
