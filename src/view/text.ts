/** Small pieces of text for the screen: tagged spans that are safe to print, times, numbers, causes of failures. */
import { basename } from 'node:path';
import { sidesOf } from '../expect/mismatch-words.ts';
import { plain } from '../format/sanitize.ts';
import type { TestOutcome } from '../outcome.ts';
import type { CommonRefusal } from '../session/refusal.ts';

/** What a piece of text means; the theme gives it a colour. */
export type Tag = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warn' | 'info' | 'accent';

export interface Span {
  readonly text: string;
  readonly tag: Tag;
}

export type Line = readonly Span[];

/** A line of a pane: wrapped where it is too long, unless it is code. */
export interface PaneLine {
  readonly text: Line;
  /** Source or disassembly: cut at the edge. */
  readonly code?: true;
  /** Stands beside the text where there is room for it, below it otherwise. */
  readonly tail?: Line;
  /** Gives way where there is no room for all lines, the highest first; absent: never. */
  readonly spare?: number;
}

/** Lines with a title, for a pane of their own. */
export interface TextPane {
  readonly title: string;
  readonly note: string;
  readonly lines: readonly PaneLine[];
  /** Something in it is not as it should be: it gets its room before others do. */
  readonly bad: boolean;
}

/** A span of text from anywhere: control characters are gone after this, so every text goes through it. */
export function span(text: string, tag: Tag = 'plain'): Span {
  return { text: plain(text), tag };
}

/** `0.03 ms`, `2.1 ms`, `310 ms`, `1.2 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `12:41:07`, local time. */
export function clock(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const GROUPED_FROM = 10_000;

/** `9999`, `10,072`. */
function grouped(n: number): string {
  return n < GROUPED_FROM ? String(n) : n.toLocaleString('en-US');
}

/** `1 case`, `3 cases`, `10,072 cases`. */
export function plural(n: number, word: string): string {
  return `${grouped(n)} ${word}${n === 1 ? '' : 's'}`;
}

function place(file: string | undefined, line: number | undefined): string {
  if (!file) return '';
  return ` · ${basename(file)}${line ? `:${line}` : ''}`;
}

/** Why a case failed, in one line: the fault that stopped it, else the first difference, else the runner's reason. */
export function reasonOf(outcome: TestOutcome): string {
  const fault = outcome.result?.fault;
  const [first, ...rest] = outcome.differences;
  if (fault && (!first || first.field === 'fault' || first.field === 'retval')) {
    return `${fault.kind}: ${fault.message}${place(fault.file, fault.line)}`;
  }
  if (!first) return outcome.reason || outcome.refusal?.message || '';
  const at = first.field === 'retval' ? '' : `${first.field}${first.at === '' ? '' : ` ${first.at}`}: `;
  const more = rest.length > 0 ? ` · ${rest.length} more` : '';
  const [left, right] = sidesOf(first);
  return `${at}${first.expected} ${left}, ${first.received} ${right}${more}`;
}

/** Why none of a group's cases ran. */
export function refusalText({ message, verdict }: CommonRefusal): string {
  return verdict === 'skip' ? `not supported: ${message}` : message;
}
