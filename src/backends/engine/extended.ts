/** Programs that were put together of a program and those that stand in for its functions, and their counts taken apart again. */
import {
  type ArrivalCounts,
  type Coverage,
  type ObjectSpec,
  type ProgramSpec,
  withExtension,
} from '../../../engine/index.ts';
import { extensionsIn } from '../extensions.ts';
import { labelOf, worldName } from '../world-names.ts';

/** A program as it stands in its object, and where in the whole it begins. */
interface Part {
  readonly spec: ProgramSpec;
  readonly at: number;
}

export class ExtendedPrograms {
  private readonly parts = new Map<ProgramSpec, readonly Part[]>();

  /** The object, with functions of the programs that run replaced as the further objects ask for. Throws InputError. */
  extend(
    spec: ObjectSpec,
    further: readonly (readonly [path: string, spec: ObjectSpec])[],
    running: readonly string[],
  ): ObjectSpec {
    const world = [{ label: '', spec }, ...further.map(([path, one]) => ({ label: labelOf(path), spec: one }))];
    const programs = new Map(spec.programs.map((one) => [one.name, one]));
    for (const { label, program, target, func } of extensionsIn(world, running)) {
      const own = world.find((one) => one.label === label)!.spec.programs.find((one) => one.name === program)!;
      const before = programs.get(target)!;
      const whole = withExtension(before, func.name, own, (map) => worldName(label, map));
      const known = this.parts.get(before) ?? [{ spec: before, at: 0 }];
      this.parts.set(whole, [...known, { spec: own, at: before.insns.length / 8 }]);
      programs.set(target, whole);
    }
    return { ...spec, programs: [...programs.values()] };
  }

  /** Counts of the programs as they stand in their objects. */
  apart(counts: Coverage): Coverage {
    const all: Coverage = new Map();
    for (const [spec, one] of counts) {
      for (const part of this.parts.get(spec) ?? [{ spec, at: 0 }]) add(all, part, one);
    }
    return all;
  }
}

const COUNTS = ['arrived', 'taken', 'faulted'] as const;

function add(all: Coverage, { spec, at }: Part, whole: ArrivalCounts): void {
  const slots = spec.insns.length / 8;
  const empty = { arrived: new Float64Array(slots), taken: new Float64Array(slots), faulted: new Float64Array(slots) };
  const sum = all.get(spec) ?? empty;
  for (const name of COUNTS) for (let slot = 0; slot < slots; slot++) sum[name][slot]! += whole[name][at + slot]!;
  all.set(spec, sum);
}
