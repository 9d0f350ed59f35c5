/** The words that case files use, test() and suite(): each adds plain cases to a list that the loader takes. */
import type { TestCase } from '../test-case.ts';

/** Cases registered since the last take. */
let registered: TestCase[] = [];
/** The name as it stands in the source, where the case's own was made from it. */
const written = new WeakMap<object, string>();

export function takeRegistered(): TestCase[] {
  const taken = registered;
  registered = [];
  return taken;
}

/** What to look for in the source to find a case's line. */
export function writtenName(one: object): string | null {
  const name = (one as { name?: unknown }).name;
  return written.get(one) ?? (typeof name === 'string' ? name : null);
}

type Common = Partial<TestCase>;
type Unnamed = Omit<TestCase, 'name'>;
/** What a case of a suite must still say depends on what the suite says for all. */
type Rest<C extends Common> = Omit<TestCase, keyof C | 'name'> & Common & { readonly name: string };
/** Cases within a suite that share more fields; its name goes in front of theirs. */
export type Group = Common & { readonly cases: readonly (Group | (Common & { readonly name: string }))[] };

/** Remembers how the name of a case stands in the source. */
export function named(one: TestCase, name: string): TestCase {
  written.set(one, name);
  return one;
}

function add(one: TestCase, name?: string): TestCase {
  registered.push(name === undefined ? one : named(one, name));
  return one;
}

/** `$name` and `$a.b` of the row (an object), or %s %d %i %x %j for its values in turn, `%#` for its number from 0, `%%`. */
function nameOf(template: string, row: unknown, index: number): string {
  const values = Array.isArray(row) ? [...row] : [row];
  return template
    .replace(/%([sdixj#%])/g, (whole, kind: string) => {
      if (kind === '%') return '%';
      if (kind === '#') return String(index);
      if (values.length === 0) return whole;
      const value = values.shift();
      if (kind === 'x') return Number(value).toString(16);
      return kind === 'j' ? JSON.stringify(value, plainNumber) : String(value);
    })
    .replace(/\$([A-Za-z_]\w*(?:\.\w+)*)/g, (whole, path: string) => {
      let value: unknown = row;
      for (const part of path.split('.')) value = (value as { [name: string]: unknown } | null | undefined)?.[part];
      return value === undefined ? whole : String(value);
    });
}

function plainNumber(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** What makes the cases of a table: the name's template, and a function of a row. */
type Maker<Args extends readonly unknown[]> = (
  name: string,
  make: (...row: Args) => Unnamed & { readonly name?: string },
) => TestCase[];

/** A case for each row: `test.each([[1, 2], [3, 4]])('%d and %d', (a, b) => ({…}))`. Rows that are no lists are one argument. */
function each<Row extends unknown[] | [unknown]>(table: readonly Row[]): Maker<Row>;
function each<Row>(table: readonly Row[]): Maker<[Row]>;
function each(table: readonly unknown[]): Maker<unknown[]> {
  return (name, make) =>
    table.map((row, index) => {
      const args: unknown[] = Array.isArray(row) ? row : [row];
      return add({ name: nameOf(name, row, index), ...make(...args) }, name);
    });
}

/** Adds one case. */
function one(testCase: TestCase): TestCase {
  return add(testCase);
}

export const test: typeof one & {
  /** The cases that say so run, no others. */
  readonly only: (testCase: TestCase) => TestCase;
  readonly skip: (testCase: TestCase, reason?: string) => TestCase;
  /** A case that is still to be written: it is counted, and never runs. */
  readonly todo: (testCase: TestCase) => TestCase;
  readonly each: typeof each;
  /** A case of live frames: with `live: {…}` for the devices that they go through, else with loopback alone. */
  readonly live: (testCase: TestCase) => TestCase;
} = Object.assign(one, {
  only: (testCase: TestCase) => add({ ...testCase, only: true }),
  skip: (testCase: TestCase, reason?: string) => add({ ...testCase, skip: reason ?? true }),
  todo: (testCase: TestCase) => add({ ...testCase, todo: true }),
  each,
  live: (testCase: TestCase) => add({ ...testCase, live: testCase.live ?? {} }),
});

/** Adds cases that share fields; a case's own fields win, `maps`, `env` and `expect` are merged. Items with `cases` are suites within. */
export function suite<const C extends Common>(common: C, cases: readonly (Rest<C> | Group)[]): TestCase[] {
  return suiteCases(common, cases).map(([testCase, name]) => add(testCase, name));
}

/** The cases of a suite with what they share filled in, each with its name as written. */
export function suiteCases(common: object, cases: readonly object[]): [TestCase, string][] {
  return cases.flatMap((item): [TestCase, string][] => {
    const { cases: inner, ...own } = item as Common & { readonly cases?: readonly object[] };
    const both = shared(common, own);
    if (Array.isArray(inner)) return suiteCases(both, inner);
    return [[both as TestCase, String(own.name)]];
  });
}

function shared(common: Common, own: Common): Common {
  const names = [common.name, own.name].filter((name) => name !== undefined);
  return {
    ...common,
    ...own,
    ...(names.length > 0 ? { name: names.join(' › ') } : {}),
    ...merged('maps', common, own),
    ...merged('env', common, own),
    ...merged('expect', common, own),
  };
}

function merged(field: 'maps' | 'env' | 'expect', common: Common, own: Common): Common {
  const both: object = { ...common[field], ...own[field] };
  return Object.keys(both).length > 0 ? { [field]: both } : {};
}
