/** What `live` prints when a run never begins, and how it exits. */
import type { Refusal } from '../../engine/index.ts';
import { jsonText } from '../format/json-text.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import type { CommandIo } from './command.ts';
import { errorJson } from './error-json.ts';
import type { LiveInput } from './live-job.ts';
import { refusalText } from './refusal-text.ts';

/** Says why a run never began. */
export function refused(input: LiveInput, why: Refusal, io: CommandIo): ExitCode {
  if (input.json) io.out(jsonText(errorJson(input.request.program, why)));
  io.err(`${io.errorStyle.red('bpfdeck:')} ${refusalText(input.request.path, why)}\n`);
  if (why.stage !== 'run') return EXIT.NOT_LOADED;
  return why.errno === 0 ? EXIT.USAGE : EXIT.FAILED;
}
