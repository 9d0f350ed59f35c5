/** Guesses what a misspelt name was meant to be. */

/** Edits (insert, delete, replace, swap neighbours) that make one word of the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

const LONGEST = 64;

/** The known name nearest to the given one, null when none is near: a third of its letters may be wrong. */
export function nearest(given: string, known: readonly string[]): string | null {
  if (given.length > LONGEST) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    if (name.length > LONGEST) continue;
    const d = distance(given.toLowerCase(), name.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [name, d];
  }
  return best ?? known.find((name) => given.length >= 3 && name.startsWith(given)) ?? null;
}

/** `: did you mean xdp_lb?`, or ''. */
export function didYouMean(given: string, known: readonly string[], prefix = ''): string {
  const name = nearest(given, known);
  return name === null ? '' : `: did you mean ${prefix}${name}?`;
}
