/** Bars of the live screen: shares, gauges, and the rate over time in eighths of a cell. */
import type { BatchRow, Line, LiveViewModel, PoolView, Span } from '../../src/live-view.ts';

const LEVELS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar from the left, `share` of `width` cells. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(eighths >> 3) + PARTS[eighths & 7]!;
}

/** The last values as columns over `height` lines, the top one first; what there is no value for yet is blank. */
export function columns(values: readonly number[], most: number, width: number, height: number): string[] {
  const shown = values.slice(-width);
  const levels = shown.map((value) =>
    most <= 0 ? 0 : Math.max(value > 0 ? 1 : 0, Math.round((value / most) * height * 8)),
  );
  return Array.from({ length: height }, (_, i) => {
    const below = (height - 1 - i) * 8;
    return levels
      .map((level) => LEVELS[Math.min(8, Math.max(0, level - below))]!)
      .join('')
      .padStart(width);
  });
}

export function batchLines(rows: readonly BatchRow[], width: number): Line[] {
  return rows.map(
    ({ name, rate, count, share }): Line => [
      { text: `  ${name.padEnd(9)}`, tag: 'plain' },
      { text: `${rate.padStart(9)} ${count.padStart(5)} `, tag: share > 0 ? 'strong' : 'dim' },
      { text: bar(share, Math.max(1, width - 29)), tag: name === 'ABORTED' || name === 'OTHER' ? 'bad' : 'info' },
    ],
  );
}

export function poolLines(pool: PoolView, width: number): Line[] {
  const all = Math.max(1, pool.in_pool + pool.in_flight);
  const gauge = (name: string, n: number): Line => [
    { text: `  ${name.padEnd(10)}${String(n).padStart(6)}  `, tag: 'plain' },
    { text: bar(n / all, Math.max(1, width - 27)).padEnd(Math.max(1, width - 27)), tag: 'info' },
    { text: `${Math.round((100 * n) / all)} %`.padStart(6), tag: 'dim' },
  ];
  const fact = (name: string, text: string, note: string): Line => [
    { text: `  ${name.padEnd(10)}${text.padStart(8)}  `, tag: 'plain' },
    { text: note, tag: 'dim' },
  ];
  return [
    gauge('in pool', pool.in_pool),
    gauge('in flight', pool.in_flight),
    fact('recycled', pool.recycled, `hit rate ${pool.hit}`),
    fact('released', pool.released, 'left the pool'),
    fact('allocated', pool.allocated, 'new pages'),
  ];
}

/** Batch, pool and rate in three lines. */
export function middleLines(vm: LiveViewModel, width: number): Line[] {
  const verdicts = vm.batch.map(({ name, count }) => `${name} ${count}`).join('  ');
  const { in_pool, in_flight, hit } = vm.pool;
  const head = `  pool   ${in_pool} free  ${in_flight} in flight `;
  const gauge = bar(in_flight / Math.max(1, in_pool + in_flight), 16).padEnd(16);
  const room = Math.max(8, width - 12 - vm.pps.length);
  const [line = ''] = columns(vm.history, Math.max(...vm.history, 1), room, 1);
  return [
    [{ text: `  ${verdicts}`, tag: 'plain' }],
    [
      { text: head, tag: 'plain' },
      { text: gauge, tag: 'info' },
      { text: `  recycle hit ${hit}`, tag: 'dim' },
    ],
    [
      { text: '  pps    ', tag: 'plain' },
      { text: line, tag: 'info' },
      { text: `  ${vm.pps}`, tag: 'plain' },
    ],
  ];
}

const NOW = ' now';

/** `└ -48 s ──── veth1 down ▲──── now`: marks under the place in the rate where they happened, in words where there is room for them. */
function axisLine(vm: LiveViewModel, room: number): Line {
  const left = ` -${Math.round((room * vm.bucket_ms) / 1000)} s `;
  const line = [...left, ...'─'.repeat(Math.max(0, room - left.length - NOW.length)), ...NOW].slice(0, room);
  const marked = new Set<number>();
  const put = (from: number, text: string): void => {
    for (const [i, char] of [...text].entries()) {
      line[from + i] = char;
      marked.add(from + i);
    }
  };
  const places = [...new Set(vm.marks.map(({ ago }) => room - 1 - ago))].filter((at) => at >= left.length);
  for (const at of places) put(at, '▲');
  let free = room;
  for (const { ago, text } of vm.marks.toReversed()) {
    const at = room - 1 - ago;
    const label = ` ${text} `;
    const from = at - label.length;
    const fits = from >= left.length && at < free && !places.some((other) => other >= from && other < at);
    if (!fits) continue;
    put(from, label);
    free = from;
  }
  const spans: Span[] = line.map((text, i) => ({ text, tag: marked.has(i) ? 'warn' : 'dim' }));
  return [{ text: ' └', tag: 'dim' }, ...joined(spans)];
}

/** Neighbours of the same kind in one span. */
function joined(spans: readonly Span[]): Span[] {
  const out: { text: string; tag: Span['tag'] }[] = [];
  for (const { text, tag } of spans) {
    const last = out.at(-1);
    if (last?.tag === tag) last.text += text;
    else out.push({ text, tag });
  }
  return out;
}

/** The rate over time above its axis. */
export function rateLines(vm: LiveViewModel, width: number, height: number): Line[] {
  const room = Math.max(1, width - 3);
  const bars = columns(vm.history, Math.max(...vm.history, 1), room, Math.max(1, height - 1));
  const axis = axisLine(vm, room);
  return [...bars.map((text): Line => [{ text: ` │${text}`, tag: 'info' }]), axis];
}
