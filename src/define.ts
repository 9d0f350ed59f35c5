/** The module `bpfdeck` that config and case files import: defineConfig, test, suite, pkt, and the types to write them with. */
import type { Build } from './build/rules.ts';
import type { TestCase } from './test-case.ts';

export { suite, test } from './cases/register.ts';
export { type PacketBuilder, pkt } from './packet/build.ts';
export { dissect } from './packet/dissect.ts';
export { fieldOf } from './packet/fields.ts';
export type { Field, Layer } from './packet/layers.ts';
export type { BytesSource, CaseStep, Expectation, FieldValue, RecordExpectation, TestCase } from './test-case.ts';

export interface Config {
  /** Globs of object files, from the config file's directory: what `bpfdeck watch` keeps an eye on. */
  readonly objects?: string | readonly string[];
  /** Globs of case files, from the config file's directory; every file named *.case.{ts,js,yaml,yml,json} below it unless said. */
  readonly cases?: string | readonly string[];
  /** What `test` builds first, and `watch` when a source changes: a command (`make -C bpf`), or sources and a command for each. */
  readonly build?: Build | readonly Build[];
  /** For every case that does not say otherwise. */
  readonly defaults?: {
    readonly env?: TestCase['env'];
    readonly netns?: TestCase['netns'];
    /** Instructions one case may execute, repeats included. */
    readonly budget?: number;
    readonly repeat?: number;
    readonly flags?: number;
    readonly maps?: TestCase['maps'];
  };
  /** A file with kernel types (raw BTF, or an ELF file with a .BTF section) to resolve CO-RE relocations against. */
  readonly btf?: string;
  /** Missing helpers become faults when they are called, instead of refusing the program. */
  readonly lenient?: boolean;
}

/** Gives the config back: for the types alone. */
export function defineConfig(config: Config): Config {
  return config;
}
