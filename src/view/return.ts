/** Which `return` of the source a run ended with: compilers leave some of them no instruction, and so no line, of their own. */
import type { TestOutcome } from '../outcome.ts';
import type { SourceText } from '../session/state.ts';

/** A line of source as debug information names it. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  /** Its text, '' if unknown. */
  readonly source: string;
}

export interface ReturnPlace {
  readonly place: SourcePlace;
  /** `after`: the last line that is known to have run, where the return itself cannot be told. */
  readonly word: 'at' | 'after';
}

const RETURN = /\breturn\b/;
const RETURNED = /\breturn\s+([^;]+);/;
const FUNCTION_END = /^}/;

/** `XDP_PASS` and 2 of `XDP_PASS (2)`. */
function saysVerdict(expression: string, { returned, result }: TestOutcome): boolean {
  const name = /^(\w+) \(/.exec(returned ?? '')?.[1];
  const number = /^-?(0x)?[\da-f]+$/i.test(expression) ? Number(expression) >>> 0 : null;
  return expression === name || (number !== null && number === result?.retval);
}

/**
 * The line that debug information names, where it is a `return`; else the one `return` of this verdict that follows it in the
 * function and has no line record (what has one did not run).
 */
export function returnPlace(place: SourcePlace, outcome: TestOutcome, source: SourceText | null): ReturnPlace {
  if (RETURN.test(place.source)) return { place, word: 'at' };
  const recorded = new Set(outcome.why?.source.map((one) => one.line));
  const found: SourcePlace[] = [];
  const rest = source?.lines.slice(place.line) ?? [];
  for (const [i, text] of rest.entries()) {
    if (FUNCTION_END.test(text)) break;
    const line = place.line + 1 + i;
    const expression = RETURNED.exec(text)?.[1]?.trim();
    if (expression === undefined || recorded.has(line)) continue;
    if (saysVerdict(expression, outcome)) found.push({ ...place, line, source: text });
  }
  const [only, ...others] = found;
  return only && others.length === 0 ? { place: only, word: 'at' } : { place, word: 'after' };
}
