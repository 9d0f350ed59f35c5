/** What a backend answered against what a contract case expects: every field that differs, in words. */
import { ctxToFields, decodeBtf, errnoName, type ObjectSpec, PROG_TYPE, type Refusal } from '../../engine/index.ts';
import type { RunReply } from '../../src/backends/backend.ts';
import { bytesFrom } from './bytes.ts';
import type { ContractCase, Expected } from './cases.ts';

const text = (value: unknown): string =>
  JSON.stringify(value, (_name, one) => (typeof one === 'bigint' ? String(one) : one)) ?? 'nothing';
const hex = (bytes: Uint8Array): string => `hex ${[...bytes].map((one) => one.toString(16).padStart(2, '0')).join('')}`;

function compare(what: string, got: unknown, wanted: unknown): string[] {
  return text(got) === text(wanted) ? [] : [`${what} is ${text(got)}, not ${text(wanted)}`];
}

/** Bytes by their words; long ones are told by the first place that differs. */
function compareBytes(
  what: string,
  got: Uint8Array | null | undefined,
  wanted: string | null,
  input: Uint8Array,
): string[] {
  if (wanted === null || !got) return compare(what, got ? hex(got) : null, wanted);
  const bytes = bytesFrom(wanted, input);
  const at = got.findIndex((byte, i) => byte !== bytes[i]);
  if (got.length === bytes.length && at < 0) return [];
  return [
    `${what} has ${got.length} bytes, not ${bytes.length}; ${at < 0 ? 'the first are the same' : `byte ${at} differs`}`,
  ];
}

function compareContext(type: string, got: Uint8Array | null, wanted: NonNullable<Expected['ctx_out']>): string[] {
  if (typeof wanted === 'string') return compareBytes('ctx_out', got, wanted, new Uint8Array(0));
  if (got === null) return ['there is no ctx_out'];
  const fields = ctxToFields(PROG_TYPE[type as keyof typeof PROG_TYPE], got) as { [name: string]: unknown };
  return Object.entries(wanted).flatMap(([name, value]) => compare(`ctx_out.${name}`, fields[name], value));
}

/** Global variables of the object after the run. */
function compareSeen(spec: ObjectSpec, reply: RunReply, seen: NonNullable<Expected['seen']>): string[] {
  const variables: { [name: string]: unknown } = {};
  for (const map of spec.maps) {
    if (map.data === null || spec.btf === null || map.value_type_id === 0) continue;
    const value = reply.maps.find((one) => one.name === map.name)?.entries[0]?.value;
    Object.assign(variables, decodeBtf(spec.btf, map.value_type_id, value ?? new Uint8Array(map.value_size)));
  }
  return Object.entries(seen).flatMap(([name, value]) => {
    const wide = typeof variables[name] === 'bigint' ? String(variables[name]) : variables[name];
    return compare(name, wide, value);
  });
}

function refusalDifferences(wanted: NonNullable<Expected['refused']>, refusal: Refusal | null): string[] {
  if (refusal === null) return ['it was loaded'];
  const says = refusal.message.includes(wanted.says) ? [] : [`it says "${refusal.message}", not "${wanted.says}"`];
  return [...compare('errno of the refusal', errnoName(refusal.errno), wanted.errno), ...says];
}

/** Empty when the answer is as the contract says. */
export function differences(spec: ObjectSpec, one: ContractCase, reply: RunReply): string[] {
  const { result, refusal } = reply;
  if (one.expect.refused !== undefined) return refusalDifferences(one.expect.refused, refusal);
  if (result === null) return [`it was refused: ${refusal?.message}`];
  const { expect } = one;
  const input = one.request.opts.data_in ?? new Uint8Array(0);
  const wrong = compare('errno', result.errno === 0 ? 0 : errnoName(result.errno), expect.errno ?? 0);
  for (const field of ['retval', 'duration_ns', 'data_size_out', 'ctx_size_out'] as const) {
    if (expect[field] !== undefined) wrong.push(...compare(field, result[field], expect[field]));
  }
  if (expect.data_out !== undefined) wrong.push(...compareBytes('data_out', result.data_out, expect.data_out, input));
  if (expect.ctx_in_after !== undefined) {
    wrong.push(...compareBytes('ctx_in_after', result.ctx_in_after, expect.ctx_in_after, input));
  }
  if (expect.memory !== undefined) {
    wrong.push(...compareBytes('memory', result.user_memory_after?.[0]?.bytes, expect.memory, input));
  }
  if (expect.ctx_out === null) wrong.push(...compare('ctx_out', result.ctx_out, null));
  else if (expect.ctx_out !== undefined) wrong.push(...compareContext(one.type, result.ctx_out, expect.ctx_out));
  if (expect.seen !== undefined) wrong.push(...compareSeen(spec, reply, expect.seen));
  if (result.fault !== null) wrong.push(`fault: ${result.fault.message}`);
  if (result.errno !== 0 && result.reason === '') wrong.push('errno comes without a reason');
  return wrong;
}
