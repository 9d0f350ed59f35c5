/** A case file to be rewritten, in whatever syntax: where its cases are, and whether a new text can still be read. */
import { isDataFile } from '../cases/data.ts';
import type { SettledCase } from '../test-case.ts';
import type { SourceNode, SourceObject, Syntax } from './source-tree.ts';
import { namePosition, objectAround } from './ts-source.ts';
import { caseIn, readData } from './yaml-source.ts';

export interface CaseSource {
  readonly file: string;
  readonly text: string;
  readonly syntax: Syntax;
  /** Why caseOf gives null. */
  readonly absent: string;
  /** The object of a case; null where it is made by other means. */
  caseOf(one: SettledCase): SourceObject | null;
  /** Text of a scalar in data; TypeScript has none. */
  scalarAt(node: SourceNode): unknown;
  /** Whether a new text is a file of its kind. */
  reads(text: string): boolean;
}

const BY_OTHER_MEANS = 'the case is not written there as an object of its own';

/** The last part: those before are the names of suites. */
function ownName({ name }: SettledCase): string {
  return name.split(' › ').at(-1)!;
}

function dataSource(file: string, text: string): CaseSource {
  const data = readData(text);
  return {
    ...{ file, text, syntax: /\.json$/i.test(file) ? 'json' : 'yaml' },
    absent: data === null ? 'the file does not parse' : BY_OTHER_MEANS,
    caseOf: (one) => (data === null ? null : caseIn(data, ownName(one), one.line)),
    scalarAt: (node) => data?.scalarAt(node),
    reads: (after) => readData(after) !== null,
  };
}

function codeSource(file: string, text: string): CaseSource {
  return {
    ...{ file, text, syntax: 'ts', absent: BY_OTHER_MEANS },
    caseOf: (one) => {
      const at = namePosition(text, ownName(one), one.line);
      const found = at < 0 ? null : objectAround(text, at);
      return found?.kind === 'object' ? found : null;
    },
    scalarAt: () => undefined,
    reads: parses,
  };
}

function parses(text: string): boolean {
  try {
    new Bun.Transpiler({ loader: 'ts' }).transformSync(text);
    return true;
  } catch {
    return false;
  }
}

/** Files that are no case files (objects with tagged programs) have no cases in them. */
export function openSource(file: string, text: string): CaseSource {
  if (isDataFile(file)) return dataSource(file, text);
  const source = codeSource(file, text);
  if (/\.[cm]?[jt]s$/.test(file)) return source;
  return { ...source, absent: 'what is expected stands in the object: change its tag and build', caseOf: () => null };
}
