/** Compares what Bloom filters say of the values a case names: which may be in them, and which are not. */
import { bloomValues } from '../backends/bloom-asks.ts';
import { keyText } from '../backends/preset-values.ts';
import { InputError } from '../input-error.ts';
import type { Difference } from '../outcome.ts';

/** `answers`: of `has`, then of `lacks`. Throws InputError for content of another shape. */
export function expectBloom(map: string, content: unknown, answers: readonly boolean[]): Difference[] {
  const values = bloomValues(content);
  if (!values) throw new InputError(`expect.maps.${map}: a list of values belongs here, or {has: […], lacks: […]}`);
  const { has, lacks } = values;
  return [...has, ...lacks].flatMap((value, i) => {
    const wanted = i < has.length;
    if (answers[i] === wanted) return [];
    const [expected, received] = wanted ? ['may be in it', 'not in it'] : ['not in it', 'may be in it'];
    return [{ field: 'maps', at: `${map}[${keyText(value)}]`, expected, received }];
  });
}
