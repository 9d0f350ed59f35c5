/** A row of the contract fails when the engine's rule behind it is taken away: one rule of each kind, and every errno. */
import { describe, expect, test } from 'bun:test';
import { contractOf, PROG_TYPE } from '../../engine/index.ts';
import { FAMILIES } from '../../engine/run/families.ts';
import { SETTABLE } from '../../engine/run/skb-ctx.ts';
import { ctxStructOf } from '../../engine/uapi/contexts.ts';
import { ERRNO } from '../../engine/uapi/errno.ts';
import { type ContractCase, type ContractFile, contractFiles } from './cases.ts';
import { ContractJudge } from './judge.ts';

const FILES = contractFiles();

interface Found {
  readonly file: ContractFile;
  readonly one: ContractCase;
}

const ALL: readonly Found[] = FILES.flatMap((file) => file.cases.map((one) => ({ file, one })));

/** Cases of a row for a type, that hold as they should. */
function casesOf(id: string, type: string): Found[] {
  return ALL.filter(({ one }) => one.id === id && one.type === type);
}

/** How many of them an engine that loads them now answers otherwise: what was loaded before a rule went was loaded by the rule. */
async function wrongOf(cases: readonly Found[]): Promise<number> {
  const judge = new ContractJudge(false);
  for (const file of new Set(cases.map((one) => one.file))) await judge.open(file);
  let wrong = 0;
  for (const { file, one } of cases) if ((await judge.judge(file, one)).engine.length > 0) wrong++;
  judge.close();
  return wrong;
}

/** The writable form of a table that nobody writes to. */
type Writable = Record<string, unknown>;

/** Sets one place of a table; what puts it back comes out. */
function set(table: object, place: string, value: unknown): () => void {
  const writable = table as Writable;
  const before = writable[place];
  writable[place] = value;
  return () => {
    writable[place] = before;
  };
}

const CLS = contractOf(PROG_TYPE.SCHED_CLS)!;
const field = (name: string) => ctxStructOf(PROG_TYPE.SCHED_CLS)!.fields.find((one) => one.name === name)!;

/** [kind of rule, row, program type, how to take it away] */
const RULES: readonly (readonly [string, string, string, () => () => void])[] = [
  [
    'which types run',
    '1.1',
    'SK_LOOKUP',
    () => {
      const families = FAMILIES as Map<number, unknown>;
      const family = families.get(PROG_TYPE.SK_LOOKUP);
      families.delete(PROG_TYPE.SK_LOOKUP);
      return () => void families.set(PROG_TYPE.SK_LOOKUP, family);
    },
  ],
  ['fields that programs may read', '1.7', 'SCHED_CLS', () => set(field('family'), 'read', true)],
  ['fields that programs may write', '1.7', 'SCHED_CLS', () => set(field('hash'), 'write', 'as-is')],
  ['flags of an attribute', '2.26', 'SCHED_CLS', () => set(CLS, 'flags', 0xffff_ffff)],
  ['attributes that must be 0', '2.26', 'SCHED_CLS', () => set(CLS, 'cpu', 'ignored')],
  ['the most data', '3.2', 'SCHED_CLS', () => set(CLS.data!, 'most', 1 << 20)],
  ['the least data', '5.1', 'FLOW_DISSECTOR', () => set(contractOf(PROG_TYPE.FLOW_DISSECTOR)!.data!, 'least', 0)],
  [
    'fields of ctx_in',
    '3.25',
    'SCHED_CLS',
    () => {
      const settable = SETTABLE as Set<string>;
      settable.add('len');
      return () => void settable.delete('len');
    },
  ],
];

describe('a row fails without its rule', () => {
  for (const [kind, row, type, disable] of RULES) {
    test(`${kind}: ${row} ${type}`, async () => {
      const cases = casesOf(row, type);
      expect(cases.length).toBeGreaterThan(0);
      const restore = disable();
      try {
        expect(await wrongOf(cases)).toBeGreaterThan(0);
      } finally {
        restore();
      }
      expect(await wrongOf(cases)).toBe(0);
    }, 30_000);
  }

  const expected = ALL.filter(({ one }) => typeof one.expect.errno === 'string');
  for (const [name, cases] of Map.groupBy(expected, ({ one }) => String(one.expect.errno))) {
    // One case a row is enough.
    const rows = [...Map.groupBy(cases, ({ one }) => one.id).values()].map(([first]) => first!);
    test(`${name}: ${rows.map(({ one }) => one.id).join(', ')}`, async () => {
      const restore = set(ERRNO, name, 0);
      try {
        expect(await wrongOf(rows)).toBe(rows.length);
      } finally {
        restore();
      }
    }, 30_000);
  }
});
