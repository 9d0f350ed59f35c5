/** Cases as data, in YAML and JSON files: the same case objects, with regular expressions and large numbers spelled out. */
import { InputError } from '../input-error.ts';

/** Whether a case file is data rather than a program. */
export function isDataFile(file: string): boolean {
  return /\.(ya?ml|json)$/i.test(file);
}

/** `{regexp: '^a', flags: 'i'}` where an expectation takes a regular expression. */
function regexpOf(value: object, path: string): RegExp | null {
  const { regexp, flags, ...rest } = value as { regexp?: unknown; flags?: unknown };
  if (typeof regexp !== 'string' || Object.keys(rest).length > 0) return null;
  try {
    return new RegExp(regexp, typeof flags === 'string' ? flags : '');
  } catch (thrown) {
    throw new InputError(`${path}: ${(thrown as Error).message}`);
  }
}

function checkNumber(value: number, path: string): number {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  throw new InputError(`${path}: ${value} is beyond what the file's numbers can hold exactly: write it as text, '0x…'`);
}

/** What holds itself, as YAML's aliases can, is deeper than that. */
const DEPTH_MAX = 100;

/** The value with regular expressions made where `expects`: below `expect`. Throws InputError naming the place. */
function revived(value: unknown, path: string, expects: boolean, depth = 0): unknown {
  if (typeof value === 'number') return checkNumber(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) throw new InputError(`values lie more than ${DEPTH_MAX} deep in each other`);
  if (Array.isArray(value)) return value.map((item, i) => revived(item, `${path}[${i}]`, expects, depth + 1));
  const regexp = expects ? regexpOf(value, path) : null;
  if (regexp) return regexp;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const at = path === '' ? name : `${path}.${name}`;
    return [name, revived(inner, at, expects || name === 'expect', depth + 1)];
  });
  return Object.fromEntries(entries);
}

/** What a data file holds, as what a case file would export. Throws InputError. */
export function casesOfData(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    throw new InputError('a case, a list of cases, or {cases: […]} belongs here');
  }
  if (Array.isArray(value)) return value.map((item, i) => revived(item, `[${i}]`, false));
  const { $schema: _schema, ...rest } = value as { readonly $schema?: unknown };
  return revived(rest, '', false);
}
