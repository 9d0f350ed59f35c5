/** Colours for plain output: the sixteen ANSI ones, or none; never the only carrier of a meaning. */

export interface Style {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

function paint(enabled: boolean, on: number, off: number): (text: string) => string {
  return enabled ? (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`) : (text) => text;
}

export function makeStyle(enabled: boolean): Style {
  return {
    enabled,
    bold: paint(enabled, 1, 22),
    dim: paint(enabled, 2, 22),
    red: paint(enabled, 31, 39),
    green: paint(enabled, 32, 39),
    yellow: paint(enabled, 33, 39),
    cyan: paint(enabled, 36, 39),
  };
}

/** Whether a stream gets colour: a terminal, not TERM=dumb, and NO_COLOR (any value) not set; FORCE_COLOR overrules. */
export function wantsColour(isTty: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTty && env.TERM !== 'dumb';
}

/** Signs that say a verdict without colour. */
export const SIGN = { pass: '✓', fail: '✗', error: '✗', skip: '↷', todo: '◌' } as const;
