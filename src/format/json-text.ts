/** JSON as text that is safe on a terminal: what JSON leaves as it is but terminals act on is escaped. */

const ACTIVE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

function safe(text: string): string {
  return `${text.replace(ACTIVE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** Pretty-printed, ending with a newline; parses to the same value. */
export function jsonText(value: unknown): string {
  return safe(JSON.stringify(value, null, 2));
}

/** The same in one line. */
export function jsonLine(value: unknown): string {
  return safe(JSON.stringify(value));
}
