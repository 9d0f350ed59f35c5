/** Programs of further objects that stand in for functions of the programs that run: SEC("freplace/FUNCTION"). */
import { PROG_TYPE, type ProgramSpec } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import { type World, worldName } from './world-names.ts';

/** A function of a program that runs, without what it does. */
type Func = ProgramSpec['subprogs'][number];

export interface Extension {
  /** Whose program it is. */
  readonly label: string;
  readonly program: string;
  /** The program that runs, and its function that is replaced. */
  readonly target: string;
  readonly func: Func;
}

function replaceable({ subprogs }: ProgramSpec): readonly Func[] {
  return subprogs.filter(({ start, global }) => global && start > 0);
}

/**
 * What the further objects of a world replace in `running`, programs of its first object. Programs of sections that begin with
 * `?` replace nothing. Throws InputError for one that names no global function of these programs.
 */
export function extensionsIn([own, ...further]: World, running: readonly string[]): Extension[] {
  const targets = own?.spec.programs.filter(({ name }) => running.includes(name)) ?? [];
  return further.flatMap(({ label, spec }) =>
    spec.programs
      .filter(({ type, autoload }) => type === PROG_TYPE.EXT && autoload)
      .flatMap((program) => {
        const wanted = program.attach_target;
        const found = targets.flatMap((target) => {
          const func = replaceable(target).find(({ name }) => name === wanted);
          return func === undefined ? [] : [{ label, program: program.name, target: target.name, func }];
        });
        if (found.length === 0) throw new InputError(nothingToReplace(worldName(label, program.name), wanted, targets));
        return found;
      }),
  );
}

function nothingToReplace(program: string, wanted: string, targets: readonly ProgramSpec[]): string {
  if (wanted === '') return `${program}: its section does not say which function it replaces: SEC("freplace/FUNCTION")`;
  const names = targets.map(({ name }) => name).join(', ');
  const there = [...new Set(targets.flatMap(replaceable).map(({ name }) => name))];
  const has = there.length === 0 ? 'it has none' : `it has ${there.join(', ')}`;
  return `${program} replaces ${wanted}, which is no global function of ${names}: ${has}`;
}
