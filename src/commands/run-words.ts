/** The words after the object: a program's name, and the pairs that `bpftool prog run` takes, in its spelling. */

import { InputError } from '../input-error.ts';
import type { Args } from './command.ts';

/** bpftool's words and the options they stand for. None of them is taken for a program's name. */
const BPFTOOL_WORDS: Readonly<Record<string, string>> = {
  data_in: 'data-in',
  data_out: 'data-out',
  data_size_out: 'data-size-out',
  ctx_in: 'ctx-in',
  ctx_out: 'ctx-out',
  ctx_size_out: 'ctx-size-out',
  repeat: 'repeat',
};

function isPairWord(word: string | undefined): boolean {
  return word !== undefined && Object.hasOwn(BPFTOOL_WORDS, word);
}

export interface RunWords {
  readonly program: string | null;
  /** The options, those said in bpftool's words included. */
  readonly args: Args;
}

/** Throws InputError for a word without its value, a word too many, or what is said both ways. */
export function readRunWords(words: readonly string[], args: Args): RunWords {
  const program = words.length > 0 && !isPairWord(words[0]) ? words[0]! : null;
  const merged: { [name: string]: unknown } = { ...args };
  for (let i = program === null ? 0 : 1; i < words.length; i += 2) {
    const word = words[i]!;
    const option = isPairWord(word) ? BPFTOOL_WORDS[word]! : null;
    if (option === null) {
      const known = Object.keys(BPFTOOL_WORDS).join(', ');
      throw new InputError(
        `there is one word too many: ${word} (after the program come ${known}, each with its value)`,
      );
    }
    const value = words[i + 1];
    if (value === undefined) throw new InputError(`${word} needs a value`);
    if (merged[option] !== undefined) throw new InputError(`${word} is said twice`);
    merged[option] = value;
  }
  return { program, args: merged };
}
