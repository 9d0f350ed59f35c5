/** Checks what a live case expects of counters, tracepoints, pages and captured frames, and settles it. */

import { errnoNumber } from '../format/errnos.ts';
import { InputError } from '../input-error.ts';
import { hasErrno, LIVE_TRACEPOINTS } from '../live/tracepoints.ts';
import type { LiveNetwork } from '../live/types.ts';
import { verdictField } from '../live/verdicts.ts';
import { parseFieldPath } from '../packet/fields.ts';
import { didYouMean } from '../suggest.ts';
import type {
  CountExpectation,
  CountsExpectation,
  LiveExpectation,
  SettledCaptured,
  SettledFrame,
  SettledLiveExpectation,
} from '../test-case-live.ts';
import { bytesOf, type PathScope } from './bytes.ts';
import { checkFields, record, text } from './fields.ts';

export const LIVE_EXPECT_FIELDS = ['verdicts', 'devices', 'stacks', 'tracepoints', 'pool', 'captured'];
export const TRACEPOINT_FIELDS = ['name', 'errno', 'count'];
export const POOL_FIELDS = ['allocated', 'recycled', 'released', 'in_pool', 'in_flight'];
export const COUNT_FIELDS = ['min', 'max'];
/** Of expectations, what live frames do not give. */
const NOT_LIVE = ['retval', 'data_out', 'data_size_out', 'ctx_out', 'redirect'];
const VERDICTS = ['aborted', 'drop', 'pass', 'tx', 'redirect', 'unknown'];
const STACKS = ['near', 'far'];
const STACK_PLACES: readonly string[] = ['stack', 'far_stack', 'xsk'];
const AT_LEAST_ONE: CountExpectation = { min: 1 };
const TRACEPOINT_NAMES: readonly string[] = LIVE_TRACEPOINTS.map(([name]) => name);

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function settleCount(given: unknown, field: string): CountExpectation {
  if (isCount(given)) return given;
  if (typeof given !== 'object' || given === null)
    throw new InputError(`\`${field}\` is ${String(given)}: a number, or {min, max}`);
  const bounds = record(given, field);
  checkFields(bounds, COUNT_FIELDS, `\`${field}\``);
  for (const [name, value] of Object.entries(bounds)) {
    if (!isCount(value)) throw new InputError(`\`${field}.${name}\` is ${String(value)}: an integer from 0 on`);
  }
  return bounds as CountExpectation;
}

function settleCounts(given: unknown, field: string, known: readonly string[] | null): CountsExpectation {
  const counts = record(given, field);
  if (known !== null) checkFields(counts, known, `\`${field}\``);
  return Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [name, settleCount(value, `${field}.${name}`)]),
  );
}

/** XDP_TX and tx are one; the case's own words stay. */
function settleVerdicts(given: unknown): CountsExpectation {
  const counts = record(given, 'expect.verdicts');
  checkFields(
    Object.fromEntries(Object.keys(counts).map((name) => [verdictField(name), null])),
    VERDICTS,
    '`expect.verdicts`',
  );
  return settleCounts(counts, 'expect.verdicts', null);
}

function checkDevice(name: string, field: string, network: LiveNetwork, besides: readonly string[] = []): void {
  const names = [...network.devices.map((one) => one.name), ...besides];
  if (names.includes(name)) return;
  throw new InputError(
    `\`${field}\`: there is no device ${name}${didYouMean(name, names) || `: one of ${names.join(', ')}`}`,
  );
}

function settleDevices(given: unknown, network: LiveNetwork): NonNullable<LiveExpectation['devices']> {
  const entries = Object.entries(record(given, 'expect.devices')).map(([name, counts]) => {
    checkDevice(name, 'expect.devices', network);
    return [name, settleCounts(counts, `expect.devices.${name}`, null)] as const;
  });
  return Object.fromEntries(entries);
}

function settleStacks(given: unknown): NonNullable<LiveExpectation['stacks']> {
  const stacks = record(given, 'expect.stacks');
  checkFields(stacks, STACKS, '`expect.stacks`');
  return Object.fromEntries(
    Object.entries(stacks).map(([netns, counts]) => [netns, settleCounts(counts, `expect.stacks.${netns}`, null)]),
  );
}

function settleErrno(given: unknown, at: string): number | null {
  if (given === undefined) return null;
  if (typeof given === 'number' && Number.isInteger(given)) return Math.abs(given);
  const number = typeof given === 'string' ? errnoNumber(given) : null;
  if (number === null) throw new InputError(`${at}.errno: there is no errno ${String(given)}`);
  return Math.abs(number);
}

function settleTracepoints(given: unknown): NonNullable<SettledLiveExpectation['tracepoints']> {
  if (!Array.isArray(given)) throw new InputError('`expect.tracepoints` must be a list');
  return given.map((one, i) => {
    const at = `expect.tracepoints[${i}]`;
    const { name: said, errno, count } = record(one, at);
    checkFields(one as object, TRACEPOINT_FIELDS, `\`${at}\``);
    const name = text(said, `${at}.name`);
    if (!TRACEPOINT_NAMES.includes(name)) {
      const hint = didYouMean(name, TRACEPOINT_NAMES) || `: one of ${TRACEPOINT_NAMES.join(', ')}`;
      throw new InputError(`${at}: there is no tracepoint ${name}${hint}`);
    }
    if (errno !== undefined && !hasErrno(name)) throw new InputError(`${at}: events of ${name} have no errno`);
    return {
      name,
      errno: settleErrno(errno, at),
      count: count === undefined ? AT_LEAST_ONE : settleCount(count, `${at}.count`),
    };
  });
}

function settleFrame(given: unknown, at: string, scope: PathScope): SettledFrame {
  if (given === null) return null;
  const bytes = bytesOf(given, at, scope);
  if (bytes) return bytes;
  const fields = record(given, at);
  for (const path of Object.keys(fields)) parseFieldPath(path);
  if (Object.keys(fields).length === 0) throw new InputError(`\`${at}\` names no field`);
  return { fields };
}

function settleCaptured(given: unknown, network: LiveNetwork, scope: PathScope): SettledCaptured[] {
  return Object.entries(record(given, 'expect.captured')).flatMap(([where, frames]) => {
    const at = `expect.captured.${where}`;
    if (!STACK_PLACES.includes(where)) checkDevice(where, 'expect.captured', network, STACK_PLACES);
    const entries = Array.isArray(frames) ? [...frames.entries()] : Object.entries(record(frames, at));
    return entries.map(([number, frame]) => {
      const index = Number(number);
      if (!isCount(index)) throw new InputError(`\`${at}\`: frames have numbers from 0, ${number} is none`);
      return { where, index, frame: settleFrame(frame, `${at}[${index}]`, scope) };
    });
  });
}

/** Throws InputError naming the field; `network`: null for a case that is not live. */
export function settleLiveExpectation(
  given: object,
  network: LiveNetwork | null,
  scope: PathScope,
): { live?: SettledLiveExpectation } {
  const e = given as LiveExpectation;
  const own = Object.keys(given).find((name) => LIVE_EXPECT_FIELDS.includes(name));
  if (network === null) {
    if (own === undefined) return {};
    throw new InputError(`\`expect.${own}\` is for live cases: say \`live\`, if only \`live: {}\``);
  }
  const odd = Object.keys(given).find((name) => NOT_LIVE.includes(name));
  if (odd !== undefined)
    throw new InputError(`\`expect.${odd}\`: live frames give no ${odd} back; see verdicts and captured`);
  return {
    live: {
      ...(e.verdicts === undefined ? {} : { verdicts: settleVerdicts(e.verdicts) }),
      ...(e.devices === undefined ? {} : { devices: settleDevices(e.devices, network) }),
      ...(e.stacks === undefined ? {} : { stacks: settleStacks(e.stacks) }),
      ...(e.tracepoints === undefined ? {} : { tracepoints: settleTracepoints(e.tracepoints) }),
      ...(e.pool === undefined ? {} : { pool: settleCounts(e.pool, 'expect.pool', POOL_FIELDS) }),
      ...(e.captured === undefined ? {} : { captured: settleCaptured(e.captured, network, scope) }),
    },
  };
}
