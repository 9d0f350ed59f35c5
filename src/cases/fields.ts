/** Readers of single values in what users write, each with one sentence that names the field when it does not fit. */
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';

export const U32_MAX = 0xffffffff;

/** Throws InputError for a field that is none of the known ones. */
export function checkFields(value: object, known: readonly string[], what: string): void {
  const wrong = Object.keys(value).find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new InputError(
    `${what} has no field \`${wrong}\`${didYouMean(wrong, known) || `: one of ${known.join(', ')}`}`,
  );
}

export function record(value: unknown, field: string): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown };
  throw new InputError(`\`${field}\` must be an object`);
}

export function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InputError(value === undefined ? `\`${field}\` is missing` : `\`${field}\` must be text`);
}

export function count(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`\`${field}\` is ${String(value)}: an integer from ${least} to ${most}`);
}
