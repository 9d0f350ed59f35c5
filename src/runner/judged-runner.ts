/** Cases on the real kernel, or on the engine with the kernel as its judge, in this thread: the kernel's calls are made by a child process. */
import { chooseBackends } from '../backends/choose.ts';
import { JudgedBackend } from '../backends/judged.ts';
import { type CaseRunner, LocalRunner } from './case-runner.ts';

/** `backend`: kernel or both. Throws InputError for another name, and where the kernel cannot be used. */
export async function openJudgedRunner(backend: string): Promise<CaseRunner> {
  const { first, judge } = await chooseBackends(backend);
  return new LocalRunner(judge === null ? first : new JudgedBackend(first, judge));
}
