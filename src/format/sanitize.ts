/** Makes text from object files, packets and programs safe to print: no control or direction-changing character survives. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const ESCAPE_SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;

/** One line without control characters; a tab becomes a blank, escape sequences vanish whole. */
export function plain(text: string): string {
  return text.replace(ESCAPE_SEQUENCE, '').replaceAll('\t', ' ').replace(CONTROL, '');
}

/** At most `width` characters, the last one an ellipsis when something was cut. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
