/** Numbers and times of the live screen, short. */

const STEPS: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `312`, `15.6 k`, `1.31 M`. */
export function compact(n: number): string {
  const [size, unit] = STEPS.find(([least]) => n >= least * 0.9995) ?? [1, ''];
  if (unit === '') return n > 0 && n < 10 && n !== Math.round(n) ? n.toFixed(1) : String(Math.round(n));
  const scaled = n / size;
  return `${scaled >= 100 ? Math.round(scaled) : scaled.toFixed(scaled >= 10 ? 1 : 2)} ${unit}`;
}

const THOUSANDS = /\B(?=(\d{3})+$)/g;

/** `1,312,448`; by hand, since there are dozens ten times a second, and what knows locales takes its time. */
export function whole(n: number): string {
  return String(Math.round(n)).replace(THOUSANDS, ',');
}

/** `00:01:24` */
export function uptime(ms: number): string {
  const s = Math.floor(ms / 1000);
  return [s / 3600, (s / 60) % 60, s % 60].map((n) => String(Math.floor(n)).padStart(2, '0')).join(':');
}
