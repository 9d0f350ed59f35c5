/** Compares what a run gave with what its case expects; every difference in the user's terms. */
import {
  ctxToFields,
  errnoName,
  type MapDump,
  type ObjectSpec,
  PROG_TYPE,
  type ProgRunResult,
} from '../../engine/index.ts';
import type { RunReply } from '../backends/backend.ts';
import { isBloom } from '../backends/bloom-asks.ts';
import { dumpsOf, ownerOf, splitName, type World, worldName } from '../backends/world-names.ts';
import { errnoText } from '../format/errnos.ts';
import { progTypeName } from '../format/prog-types.ts';
import { plain } from '../format/sanitize.ts';
import { retvalText, verdictNames, verdictNumber } from '../format/verdicts.ts';
import { InputError } from '../input-error.ts';
import type { Difference } from '../outcome.ts';
import type { SettledCase, SettledExpectation } from '../test-case.ts';
import { expectBloom } from './bloom.ts';
import { below, type Fix } from './fix.ts';
import { expectMaps } from './maps.ts';
import { expectFields, expectPacket } from './packet.ts';
import { expectRecords } from './records.ts';
import { expectContext, expectRedirect } from './run.ts';

/** What there is to compare with. */
export interface Received {
  readonly result: ProgRunResult;
  /** The case's own object first; empty when it could not be read. */
  readonly world: World;
  readonly maps: readonly MapDump[];
  readonly blooms?: RunReply['blooms'];
  /** What the backend cannot see: not compared. */
  readonly unseen?: RunReply['unseen'];
}

/** PROG_TYPE the case runs as: its own word, else the section's. */
export function caseProgType(one: SettledCase, spec: ObjectSpec | null): number {
  if (one.type !== null) return (PROG_TYPE as Readonly<Record<string, number>>)[one.type] ?? 0;
  return spec?.programs.find((program) => program.name === one.program)?.type ?? 0;
}

function difference(field: string, expected: string, received: string, at = ''): Difference {
  return { field, at, expected, received };
}

function fixed(one: Difference, fix: Omit<Fix, 'path'>, path: Fix['path'] = [one.field]): Difference {
  return { ...one, fix: { path, ...fix } };
}

function expectFault(wanted: SettledExpectation['fault'], result: ProgRunResult): Difference[] {
  const { fault } = result;
  if (wanted === undefined || wanted === false) {
    return fault ? [difference('fault', 'none', `${fault.kind}: ${plain(fault.message)}`)] : [];
  }
  const shown = typeof wanted === 'string' ? JSON.stringify(wanted) : String(wanted);
  if (!fault) return [difference('fault', shown, 'none')];
  const holds = (text: string) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
  if (holds(fault.kind) || holds(fault.message)) return [];
  return [fixed(difference('fault', shown, `${fault.kind}: ${plain(fault.message)}`), { value: fault.kind })];
}

function expectErrno(wanted: SettledExpectation['errno'], result: ProgRunResult): Difference[] {
  const expected = typeof wanted === 'number' ? wanted : 0;
  if (result.errno === expected) return [];
  const why = result.reason === '' ? '' : `: ${plain(result.reason)}`;
  const one = difference('errno', errnoText(expected), errnoText(result.errno) + why);
  return [fixed(one, { value: result.errno, ...(result.errno === 0 ? {} : { named: errnoName(result.errno) }) })];
}

function expectRetval(wanted: number | string, type: number, result: ProgRunResult): Difference[] {
  const number = typeof wanted === 'number' ? wanted >>> 0 : verdictNumber(type, wanted);
  if (number === null) {
    const names = verdictNames(type);
    const known = names.length > 0 ? `: one of ${names.join(', ')}, or a number` : ' by name: write a number';
    throw new InputError(`expect.retval: ${wanted} is nothing that ${progTypeName(type)} programs return${known}`);
  }
  if (result.retval === number) return [];
  if (result.retval === null) return [difference('retval', retvalText(type, number), 'nothing')];
  const received = retvalText(type, result.retval);
  const named = /^(\w+) \(/.exec(received)?.[1];
  const one = difference('retval', retvalText(type, number), received);
  return [fixed(one, { value: result.retval, ...(named === undefined ? {} : { named }) })];
}

function lineText(wanted: string | RegExp): string {
  return typeof wanted === 'string' ? wanted : String(wanted);
}

/** Lines in order and no others; pairs that differ by position. */
function expectPrintk(wanted: readonly (string | RegExp)[], lines: readonly string[]): Difference[] {
  const out: Difference[] = [];
  for (let i = 0; i < Math.max(wanted.length, lines.length); i++) {
    const want = wanted[i];
    const line = lines[i];
    if (want !== undefined && line !== undefined) {
      if (typeof want === 'string' ? want === line : want.test(line)) continue;
    }
    const expected = want === undefined ? 'no more lines' : lineText(want);
    const one = difference('printk', expected, line === undefined ? 'no line' : plain(line), `line ${i + 1}`);
    const alone = wanted.length === 1 && i === 0 ? { or: ['printk'] } : {};
    out.push(fixed(one, { value: line, ...alone }, ['printk', i]));
  }
  return out;
}

function sizeDifference(expected: number, received: number | null): Difference {
  const one = difference('data_size_out', String(expected), String(received ?? 'nothing'));
  return received === null ? one : fixed(one, { value: received });
}

function expectData(one: SettledCase, type: number, result: ProgRunResult): Difference[] {
  const { data_out } = one.expect;
  if (data_out === undefined) return [];
  if (data_out instanceof Uint8Array) return expectPacket(data_out, one.data_in, result.data_out);
  const context = type === PROG_TYPE.XDP && result.ctx_out ? ctxToFields(type, result.ctx_out) : null;
  const meta = (context as { readonly data?: number } | null)?.data ?? 0;
  return expectFields(data_out, result.data_out, meta);
}

/** Maps by their names in the world, each read by its own object's types. */
function expectWorldMaps(wanted: { readonly [map: string]: unknown }, received: Received): Difference[] {
  const { world, maps, blooms = {} } = received;
  if (world.length === 0) return expectMaps(wanted, null, maps).map(({ fix: _fix, ...rest }) => rest);
  const names = new Set(maps.map((map) => map.name));
  return Object.entries(wanted).flatMap(([name, content]) => {
    const owner = ownerOf(world, name, 'maps');
    const bare = splitName(name)[1];
    const label = owner?.label ?? '';
    if (owner && isBloom(owner.spec, bare)) return expectBloom(name, content, blooms[worldName(label, bare)] ?? []);
    // A pinned map is listed once, under the first object that has it.
    const listed = (one: World[number]) => names.has(worldName(one.label, bare));
    const own = owner && !listed(owner) ? (world.find(listed) ?? owner) : (owner ?? world[0]!);
    const found = expectMaps({ [owner ? bare : name]: content }, own.spec, dumpsOf(own.label, maps));
    return found.map((d) => ({
      ...{ ...d, at: worldName(own.label, d.at) },
      ...(d.fix === undefined ? {} : { fix: below(['maps', name], d.fix) }),
    }));
  });
}

/**
 * All differences, worst first. A fault or errno that was not expected leaves nothing else worth comparing.
 * Throws InputError when the expectation itself makes no sense for this object (a map it does not have).
 */
export function compare(one: SettledCase, received: Received): Difference[] {
  const { result, world, unseen = [] } = received;
  const spec = world.find(({ label }) => label === '')?.spec ?? null;
  const { expect } = one;
  const faults = expectFault(expect.fault, result);
  if (faults.length > 0 && result.fault) return faults;
  const errnos = expectErrno(expect.errno, result);
  if (errnos.length > 0) return [...faults, ...errnos];
  const type = caseProgType(one, spec);
  const size = expect.data_size_out;
  const { redirect } = expect;
  return [
    ...faults,
    ...(expect.retval === undefined ? [] : expectRetval(expect.retval, type, result)),
    ...(redirect === undefined || unseen.includes('redirect') ? [] : expectRedirect(redirect, result.redirect)),
    ...(size === undefined || size === result.data_size_out ? [] : [sizeDifference(size, result.data_size_out)]),
    ...expectData(one, type, result),
    ...(expect.ctx_out === undefined ? [] : expectContext(expect.ctx_out, type, result)),
    ...(expect.maps === undefined ? [] : expectWorldMaps(expect.maps, received)),
    ...(expect.printk === undefined || unseen.includes('printk') ? [] : expectPrintk(expect.printk, result.printk)),
    ...(expect.records === undefined ? [] : expectRecords(expect.records, world, result.records)),
  ];
}
