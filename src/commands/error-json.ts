/** What --json prints when there is nothing else to print: why. */
import { errnoName, type Refusal } from '../../engine/index.ts';

/** Plain data for JSON.stringify; `program` null when none was named; `log`: all that a kernel's verifier said. */
export function errorJson(program: string | null, why: Refusal, log?: string): object {
  const { stage, errno, message, where } = why;
  const error = { stage, errno, errno_name: errno === 0 ? null : errnoName(errno), message, where };
  return { program, error: log === undefined ? error : { ...error, verifier_log: log } };
}
