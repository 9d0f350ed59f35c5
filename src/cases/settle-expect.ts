/** Checks what a case expects and settles it: verdicts and errnos as numbers, bytes read, paths of header fields known. */

import { errnoNumber } from '../format/errnos.ts';
import { progTypeName } from '../format/prog-types.ts';
import { allVerdictNames, isVerdictName, verdictNames, verdictNumber } from '../format/verdicts.ts';
import { InputError } from '../input-error.ts';
import type { LiveNetwork } from '../live/types.ts';
import { PacketBuilder } from '../packet/build.ts';
import { parseFieldPath } from '../packet/fields.ts';
import { parseHex } from '../packet/hex.ts';
import { didYouMean } from '../suggest.ts';
import type { Expectation, RecordExpectation, RedirectExpectation, SettledExpectation } from '../test-case.ts';
import { bytesOf, type PathScope } from './bytes.ts';
import { checkFields, count, record, text, U32_MAX } from './fields.ts';
import { LIVE_EXPECT_FIELDS, settleLiveExpectation } from './settle-live-expect.ts';

export const EXPECT_FIELDS = [
  ...['retval', 'errno', 'data_out', 'data_size_out', 'ctx_out', 'redirect', 'maps', 'printk', 'records', 'fault'],
  ...LIVE_EXPECT_FIELDS,
];
export const REDIRECT_FIELDS = ['helper', 'ifindex', 'cpu', 'queue', 'map', 'key', 'flags', 'broadcast'];
export const RECORD_FIELDS = ['map', 'type', 'value', 'hex', 'text', 'cpu'];

function settleRetval(value: number | string, type: number | null): number | string {
  if (typeof value === 'number') return count(value, 'expect.retval', -0x80000000, U32_MAX) >>> 0;
  if (type !== null) {
    const number = verdictNumber(type, value);
    if (number !== null) return number;
    throw new InputError(
      `expect.retval: ${progTypeName(type)} has no verdict ${value}${didYouMean(value, verdictNames(type)) || `: one of ${verdictNames(type).join(', ')}`}`,
    );
  }
  if (isVerdictName(value)) return value;
  const known = allVerdictNames();
  throw new InputError(
    `expect.retval: there is no verdict ${value}${didYouMean(value, known) || `: one of ${known.join(', ')}`}`,
  );
}

function settleErrno(value: number | string): number {
  if (typeof value === 'number') return Math.abs(count(value, 'expect.errno', -4095, 4095));
  const number = errnoNumber(value);
  if (number === null) throw new InputError(`expect.errno: there is no errno ${value}`);
  return number;
}

function settlePrintk(value: unknown): readonly (string | RegExp)[] {
  const lines = Array.isArray(value) ? value : [value];
  if (lines.every((l) => typeof l === 'string' || l instanceof RegExp)) return lines;
  throw new InputError('`expect.printk` must be a list of strings and regular expressions');
}

function settleData(given: unknown, scope: PathScope): NonNullable<SettledExpectation['data_out']> {
  const bytes = bytesOf(given, 'expect.data_out', scope);
  if (bytes) return bytes;
  const fields = record(given, 'expect.data_out');
  for (const path of Object.keys(fields)) parseFieldPath(path);
  if (Object.keys(fields).length === 0) throw new InputError('`expect.data_out` names no field');
  return { fields };
}

function settleContextOut(given: unknown, scope: PathScope): NonNullable<SettledExpectation['ctx_out']> {
  return bytesOf(given, 'expect.ctx_out', scope) ?? { json: record(given, 'expect.ctx_out') };
}

function settleRedirect(given: Expectation['redirect']): RedirectExpectation | false {
  if (given === false) return false;
  if (typeof given === 'number') return { ifindex: count(given, 'expect.redirect', 0, U32_MAX) };
  const wanted = record(given, 'expect.redirect') as RedirectExpectation;
  checkFields(wanted, REDIRECT_FIELDS, '`expect.redirect`');
  return wanted;
}

function settleRecord(given: RecordExpectation, at: string): RecordExpectation {
  if (given instanceof Uint8Array || given instanceof RegExp) return given;
  if (typeof given === 'string') return { hex: checkHex(given.replace(/^hex:/, ''), at) };
  const wanted = record(given, at) as Exclude<RecordExpectation, string | Uint8Array | RegExp>;
  checkFields(wanted, RECORD_FIELDS, `\`${at}\``);
  if (wanted.value !== undefined && wanted.type === undefined) {
    throw new InputError(`${at}: a value needs its type: {type: 'struct event', value: {…}}`);
  }
  if (wanted.hex !== undefined) checkHex(text(wanted.hex, `${at}.hex`), at);
  return wanted;
}

function checkHex(hex: string, at: string): string {
  try {
    parseHex(hex);
  } catch (error) {
    throw new InputError(`${at}: ${(error as Error).message.replace(/^hex: /, '')}`);
  }
  return hex;
}

function settleRecords(given: unknown): readonly RecordExpectation[] {
  if (!Array.isArray(given)) throw new InputError('`expect.records` must be a list');
  return given.map((one, i) => settleRecord(one as RecordExpectation, `expect.records[${i}]`));
}

function settleFault(fault: unknown): string | RegExp | false {
  if (fault === false || typeof fault === 'string' || fault instanceof RegExp) return fault;
  throw new InputError('`expect.fault` must be a word of the fault, a regular expression, or false');
}

/**
 * Settles an expectation of a run as programs of `type` (null: not known yet); `network`: of a live case. Throws InputError naming the
 * field.
 */
export function settleExpectation(
  given: unknown,
  type: number | null,
  scope: PathScope,
  network: LiveNetwork | null = null,
): SettledExpectation {
  const e = record(given, 'expect') as Expectation;
  checkFields(e, EXPECT_FIELDS, '`expect`');
  const size = e.data_size_out;
  return {
    ...(e.retval === undefined ? {} : { retval: settleRetval(e.retval, type) }),
    ...(e.errno === undefined ? {} : { errno: settleErrno(e.errno) }),
    ...(e.data_out === undefined ? {} : { data_out: settleData(e.data_out, scope) }),
    ...(e.data_out instanceof PacketBuilder ? { built: true } : {}),
    ...(size === undefined ? {} : { data_size_out: count(size, 'expect.data_size_out', 0, U32_MAX) }),
    ...(e.ctx_out === undefined ? {} : { ctx_out: settleContextOut(e.ctx_out, scope) }),
    ...(e.redirect === undefined ? {} : { redirect: settleRedirect(e.redirect) }),
    ...(e.maps === undefined ? {} : { maps: record(e.maps, 'expect.maps') }),
    ...(e.printk === undefined ? {} : { printk: settlePrintk(e.printk) }),
    ...(e.records === undefined ? {} : { records: settleRecords(e.records) }),
    ...(e.fault === undefined ? {} : { fault: settleFault(e.fault) }),
    ...settleLiveExpectation(e, network, scope),
  };
}
