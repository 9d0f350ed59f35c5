/** Compares the small things a run leaves: fields of the context, and where a redirect helper would have sent the packet. */
import { ctxToFields, type ProgRunResult, type RedirectTarget } from '../../engine/index.ts';
import { progTypeName } from '../format/prog-types.ts';
import { sameValue, valueChanges, valueText } from '../format/values.ts';
import { InputError } from '../input-error.ts';
import type { Difference } from '../outcome.ts';
import { byteRanges } from '../packet/diff.ts';
import { toHex } from '../packet/hex.ts';
import type { RedirectExpectation, SettledExpectation } from '../test-case.ts';
import { partFix } from './fix.ts';

type Fields = { readonly [field: string]: unknown };

/** A number as users write one: decimal, 0x…, bigint; lists of them. */
function numbers(value: unknown, path: string): number | bigint | (number | bigint)[] {
  if (Array.isArray(value)) return value.map((one, i) => numbers(one, `${path}[${i}]`) as number | bigint);
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && /^(\d+|0x[\da-f]+)$/i.test(value)) return BigInt(value);
  throw new InputError(`${path}: ${String(value)} is no number`);
}

function contextFields(wanted: Fields, type: number, bytes: Uint8Array): Difference[] {
  const fields = ctxToFields(type, bytes) as { readonly [field: string]: number | bigint | (number | bigint)[] };
  return Object.entries(wanted).flatMap(([name, value]) => {
    const received = fields[name];
    if (received === undefined) {
      const known = Object.keys(fields).join(', ');
      const why = known === '' ? `${progTypeName(type)} has no context by field name` : `it has ${known}`;
      throw new InputError(`expect.ctx_out: no field ${name}: ${why}`);
    }
    const expected = numbers(value, `expect.ctx_out.${name}`);
    if (sameValue(expected, received)) return [];
    return valueChanges(expected, received, name).map((c) => ({
      field: 'ctx_out',
      at: c.path,
      expected: c.before === undefined ? '(absent)' : valueText(c.before),
      received: c.after === undefined ? '(absent)' : valueText(c.after),
      fix: partFix(['ctx_out', name], c),
    }));
  });
}

/** Differences of the context as the program left it. Throws InputError for a field the type's context does not have. */
export function expectContext(
  wanted: NonNullable<SettledExpectation['ctx_out']>,
  type: number,
  result: ProgRunResult,
): Difference[] {
  const bytes = result.ctx_out ?? result.ctx_in_after;
  if (!bytes) return [{ field: 'ctx_out', at: '', expected: 'a context', received: 'none' }];
  if (!(wanted instanceof Uint8Array)) return contextFields(wanted.json, type, bytes);
  const first = byteRanges(wanted, bytes)[0];
  if (!first) return [];
  const part = (all: Uint8Array) =>
    toHex(all.subarray(first.start, Math.min(first.end, first.start + 16))) || '(ends before)';
  const fix = { path: ['ctx_out'], value: `hex:${toHex(bytes)}` };
  return [{ field: 'ctx_out', at: `byte ${first.start}`, expected: part(wanted), received: part(bytes), fix }];
}

function targetText({ helper, target, map, key }: RedirectTarget): string {
  return `${helper}${map === null ? '' : ` ${map}[${key ?? ''}]`} to ${target ?? 'every device'}`;
}

/** What to expect of where it went: the number alone where that says it. */
function redirectFix({ target, map, key, helper }: RedirectTarget): unknown {
  if (target !== null) return target;
  return map === null ? { helper } : { map, ...(key === null ? {} : { key }), broadcast: true };
}

/** Where the packet would have gone, against what is expected of it. */
export function expectRedirect(wanted: RedirectExpectation | false, received: RedirectTarget | null): Difference[] {
  const entry = (at: string, expected: unknown, got: unknown, value: unknown): Difference => ({
    ...{ field: 'redirect', at, expected: String(expected), received: String(got) },
    fix: {
      path: at === '' ? ['redirect'] : ['redirect', at],
      value,
      ...(at === 'ifindex' ? { or: ['redirect'] } : {}),
    },
  });
  if (wanted === false) return received ? [entry('', 'none', targetText(received), redirectFix(received))] : [];
  if (!received) {
    const words = Object.entries(wanted).map((pair) => pair.join(' '));
    return [entry('', words.join(', '), 'none', false)];
  }
  const { target, ...rest } = received;
  const has: Fields = { ...rest, ifindex: target, cpu: target, queue: target, broadcast: target === null };
  return Object.entries(wanted).flatMap(([field, value]) => {
    if (value === undefined || has[field] === value) return [];
    const one = entry(field, value, has[field] ?? 'none', has[field]);
    if (has[field] !== null && has[field] !== undefined) return [one];
    const { fix: _fix, ...unfixed } = one;
    return [unfixed];
  });
}
