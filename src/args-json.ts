/** JSON as users type it on the command line, without losing digits of large integers. */
import { InputError } from './input-error.ts';

type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Integers beyond 2^53 stay exact as decimal text, which whatever reads field values takes as well. */
const exact: Reviver = (_name, value, context) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context.source ?? '';
  return /^-?\d+$/.test(source) ? source : value;
};

/** Throws InputError that begins with `what`. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text, exact as (name: string, value: unknown) => unknown);
  } catch (error) {
    const why = (error as Error).message.replace(/^JSON Parse error: /, '');
    throw new InputError(`${what}: not JSON: ${why}`);
  }
}

export function parseJsonObject(text: string, what: string): { readonly [field: string]: unknown } {
  const value = parseJson(text, what);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { [field: string]: unknown };
  throw new InputError(`${what}: a JSON object {"field": value} is needed`);
}
