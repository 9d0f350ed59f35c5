/** What the frames of each capture came to: verdicts by how often, the most frequent first. */
import { plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import type { TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';

const BAR = 30;

export class Histogram {
  private readonly captures = new Map<string, Map<string, number>>();

  add({ capture }: SettledCase, { returned, verdict }: TestOutcome): void {
    if (capture === undefined) return;
    const counts = this.captures.get(capture) ?? new Map<string, number>();
    this.captures.set(capture, counts);
    const what = returned ?? verdict;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  /** Lines for every capture; none when no case was about one. */
  lines(style: Style): string[] {
    return [...this.captures].flatMap(([capture, counts]) => {
      const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
      const most = Math.max(...counts.values());
      const rows = [...counts].sort(([, a], [, b]) => b - a);
      const [wide, digits] = [Math.max(...rows.map(([what]) => what.length)), String(most).length];
      return [
        `  ${style.bold(plain(capture))}${style.dim(`, ${total} ${total === 1 ? 'frame' : 'frames'}`)}`,
        ...rows.map(([what, n]) => {
          const bar = '▇'.repeat(Math.max(1, Math.round((n / most) * BAR)));
          return `    ${plain(what).padEnd(wide)}  ${String(n).padStart(digits)}  ${style.dim(bar)}`;
        }),
        '',
      ];
    });
  }
}
