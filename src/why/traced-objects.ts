/** The objects of a traced run's world: whose types, maps and lines belong to a step is said by the object of its program. */
import type { ObjectSpec, TraceStep } from '../../engine/index.ts';
import { CallWords } from './calls.ts';

export class TracedObjects {
  private readonly first: ObjectSpec;
  private readonly byPath: ReadonlyMap<string, ObjectSpec>;
  private readonly words = new Map<ObjectSpec, CallWords>();

  /** The object whose program was run, and the others in its world. */
  constructor(first: ObjectSpec, further: readonly ObjectSpec[] = []) {
    this.first = first;
    this.byPath = new Map([first, ...further].map((spec) => [spec.path, spec]));
  }

  of(step: TraceStep): ObjectSpec {
    return this.byPath.get(step.object) ?? this.first;
  }

  /** Words for the calls of a step's program. */
  calls(step: TraceStep): CallWords {
    const spec = this.of(step);
    const words = this.words.get(spec) ?? new CallWords(spec);
    this.words.set(spec, words);
    return words;
  }
}
