/** A failure as plain lines for machines' reports: the step, each difference on a line, the fault with its place. */
import { stepText } from '../cases/steps.ts';
import { sidesOf } from '../expect/mismatch-words.ts';
import { plain } from '../format/sanitize.ts';
import type { TestOutcome } from '../outcome.ts';
import { sourceName, whyTexts } from './why-text.ts';

/** `retval: XDP_TX (3) expected, XDP_DROP (1) received`; at least one line for what failed. */
export function differenceTexts(outcome: TestOutcome, root: string): string[] {
  const lines = outcome.differences.map((d) => {
    const [left, right] = sidesOf(d);
    return `${d.field}${d.at === '' ? '' : ` ${d.at}`}: ${d.expected} ${left}, ${d.received} ${right}`;
  });
  if (outcome.reason !== '') lines.unshift(outcome.reason);
  const fault = outcome.result?.fault;
  if (fault) {
    const place = fault.file ? `${sourceName(fault.file, root)}${fault.line ? `:${fault.line}` : ''}` : fault.program;
    lines.push(`fault at ${place}, insn ${fault.insn}: ${fault.text}`);
  }
  const step = outcome.step && outcome.verdict !== 'pass' ? [stepText(outcome)] : [];
  return [...step, ...(lines.length > 0 ? lines : [outcome.verdict])].map(plain);
}

/** Why it failed, a fact a line; none where nobody knows. */
export function reasonTexts({ why, result }: TestOutcome, root: string): string[] {
  return why ? whyTexts(why, Boolean(result?.fault), root) : [];
}
