/** The reporters by name, and `NAME[:FILE]` as users write it. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeStyle } from '../format/style.ts';
import { fileError, InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import { defaultReporter, dotReporter, verboseReporter } from './default.ts';
import { githubReporter } from './github.ts';
import { jsonReporter } from './json.ts';
import { junitReporter } from './junit.ts';
import { ndjsonReporter } from './ndjson.ts';
import type { Reporter, ReporterIo, ReporterMaker } from './reporter.ts';
import { tapReporter } from './tap.ts';

const REPORTERS: Readonly<Record<string, ReporterMaker>> = {
  default: defaultReporter,
  verbose: verboseReporter,
  dot: dotReporter,
  json: jsonReporter,
  ndjson: ndjsonReporter,
  junit: junitReporter,
  tap: tapReporter,
  github: githubReporter,
};

export const REPORTER_NAMES = Object.keys(REPORTERS);

/** A reporter whose text goes to a file, written when it is finished. Throws InputError when it cannot be. */
function intoFile(make: ReporterMaker, path: string, io: ReporterIo): Reporter {
  let text = '';
  const inner = make({
    ...io,
    style: makeStyle(false),
    out: (more) => {
      text += more;
    },
  });
  return {
    event: inner.event,
    finish: (summary) => {
      inner.finish(summary);
      try {
        writeFileSync(path, text);
      } catch (thrown) {
        throw fileError('write', path, thrown);
      }
    },
  };
}

/** The reporter behind `NAME` or `NAME:FILE`. Throws InputError for an unknown name. */
export function openReporter(word: string, cwd: string, io: ReporterIo): Reporter {
  const colon = word.indexOf(':');
  const name = colon < 0 ? word : word.slice(0, colon);
  const make = REPORTERS[name];
  if (!make) throw new InputError(`there is no reporter ${name}${didYouMean(name, REPORTER_NAMES)}`);
  if (colon < 0) return make(io);
  if (colon === word.length - 1) throw new InputError(`--reporter ${word} names no file after the colon`);
  return intoFile(make, resolve(cwd, word.slice(colon + 1)), io);
}
