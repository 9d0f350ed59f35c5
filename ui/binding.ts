/** What a key binding is, and sections of them. */
import type { Command, ViewModel } from '../src/view.ts';

export interface Binding {
  /** Names as keyNames() gives them. */
  readonly keys: readonly string[];
  /** As people write them: `↑↓ j k`. */
  readonly shown: string;
  /** In the key line, in a word or two; null: only in the help. */
  readonly short: ((vm: ViewModel) => string) | null;
  readonly help: string;
  /** Whether it applies now. */
  readonly when: (vm: ViewModel) => boolean;
  /** `page` is how many lines a screenful has. */
  readonly command: (key: string, page: number, vm: ViewModel) => Command;
  /** What gives way first when the key line is too narrow: the lowest. */
  readonly rank: number;
}

export interface Section {
  readonly title: string;
  readonly keys: readonly Binding[];
}

export const STEPS: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };
