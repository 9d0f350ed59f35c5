/** Prints the contract of a program type from the tables that the engine itself goes by. */
import { contractOf, runnableTypes } from '../../engine/index.ts';
import { flagArg, textArg } from '../args.ts';
import { jsonText } from '../format/json-text.ts';
import { progTypeName, progTypeNumber } from '../format/prog-types.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import type { Args, CommandIo } from './command.ts';
import { explainReport, type TypeFacts, typeFacts } from './explain-report.ts';

function listed(io: CommandIo, json: boolean): void {
  const names = runnableTypes().map(progTypeName);
  if (json) {
    io.out(jsonText({ types: names }));
    return;
  }
  io.out(`${io.style.bold('Program types that BPF_PROG_RUN runs')}\n`);
  for (const name of names) io.out(`  ${name.toLowerCase()}\n`);
  io.out(`All others answer ENOTSUPP; of TRACING, iterators and typed tracepoints answer EFAULT.\n`);
}

export async function explainCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  const name = textArg(args, 'type');
  const json = flagArg(args, 'json');
  if (name === undefined) {
    listed(io, json);
    return EXIT.OK;
  }
  const type = progTypeNumber(name);
  const contract = contractOf(type);
  if (contract === undefined) {
    const sentence = `BPF_PROG_RUN does not run ${progTypeName(type)} programs (ENOTSUPP)`;
    io.out(json ? jsonText({ type: progTypeName(type), runs: false }) : `${sentence}\n`);
    return EXIT.OK;
  }
  const facts: TypeFacts = typeFacts(type, contract);
  io.out(json ? jsonText(facts) : explainReport(facts, io.style));
  return EXIT.OK;
}
