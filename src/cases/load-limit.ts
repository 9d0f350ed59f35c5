/** What is said of a file that does not come to its end while it is loaded, by whichever thread still runs. */

export interface GuardRequest {
  /** The file that is being loaded; null: none any more. */
  readonly file: string | null;
  readonly limit_ms: number;
}

export function stuckSentence(file: string, limit_ms: number): string {
  return `${file} does not come to its end: nothing came of it in ${limit_ms / 1000} s (an endless loop, or a promise that is never kept?)`;
}
