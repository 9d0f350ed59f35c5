/** Writes coverage for other tools when a run has ended: `lcov.info` in the directory that the user names. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../input-error.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { lcovText } from './lcov.ts';

const NAME = 'lcov.info';

/** Makes the directory where it is not there. Throws InputError when the file cannot be written. */
export function lcovWriter(directory: string): Reporter {
  return {
    event: () => {},
    finish: ({ coverage }) => {
      if (coverage === undefined) return;
      try {
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, NAME), lcovText(coverage));
      } catch (thrown) {
        throw fileError('write', join(directory, NAME), thrown);
      }
    },
  };
}
