/** What --json prints when there is nothing else to print: why. */
import { errnoName, type Refusal } from '../../engine/index.ts';

/** Plain data for JSON.stringify; `program` null when none was named. */
export function errorJson(program: string | null, why: Refusal): object {
  const { stage, errno, message, where } = why;
  return { program, error: { stage, errno, errno_name: errno === 0 ? null : errnoName(errno), message, where } };
}
