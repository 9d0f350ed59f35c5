/** Reads TAP version 13 by its grammar: throws for a line that has no place in it. */

export interface TapPoint {
  readonly ok: boolean;
  readonly number: number;
  readonly description: string;
  readonly directive: 'SKIP' | 'TODO' | null;
  readonly reason: string;
  /** Lines between `---` and `...`, without their indentation. */
  readonly yaml: readonly string[] | null;
}

const POINT = /^(ok|not ok) (\d+)(?: - ((?:[^#\\]|\\[#\\])*?))?(?: # (SKIP|TODO)(?: (.*))?)?$/;

function yamlBlock(lines: readonly string[], from: number): string[] | null {
  if (lines[from] !== '  ---') return null;
  const end = lines.indexOf('  ...', from);
  if (end < 0) throw new Error('a YAML block without an end');
  const block = lines.slice(from + 1, end);
  if (!block.every((line) => /^ {2}(?:\w+: (?:\||".*"|[\d.]+)| {2}\S.*)$/.test(line)))
    throw new Error(`odd YAML: ${block.join('|')}`);
  return block.map((line) => line.slice(2));
}

export function readTap(text: string): { readonly points: readonly TapPoint[]; readonly bail: string | null } {
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines[0] !== 'TAP version 13') throw new Error('no version line');
  const points: TapPoint[] = [];
  let [plan, bail]: [number | null, string | null] = [null, null];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const point = POINT.exec(line);
    const plans = /^1\.\.(\d+)$/.exec(line);
    if (plans && plan === null) plan = Number(plans[1]);
    else if (/^Bail out!/.test(line)) bail = line.slice(9).trim();
    else if (point && plan === null) {
      const [, word, number, description = '', directive, reason = ''] = point;
      const yaml = yamlBlock(lines, i + 1);
      points.push({
        ...{ ok: word === 'ok', number: Number(number), description: description.replace(/\\([#\\])/g, '$1') },
        ...{ directive: (directive as TapPoint['directive'] | undefined) ?? null, reason, yaml },
      });
      i += yaml ? yaml.length + 2 : 0;
    } else throw new Error(`no line of TAP: ${line}`);
  }
  if (plan !== points.length) throw new Error(`the plan says ${plan}, there are ${points.length}`);
  if (points.some((point, i) => point.number !== i + 1)) throw new Error('points out of order');
  return { points, bail };
}
