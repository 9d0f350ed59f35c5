/** Every fixture program on every input, engine against kernel: errno, verdict, packet, context, maps, printk, records. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ObjectSpec, ProgramSpec } from '../../engine/index.ts';
import { openObject } from '../../engine/index.ts';
import { type Input, inputsFor } from './inputs.ts';
import { Judge, noKernel, presetsOf } from './judge.ts';
import { skipText, tooOldFor } from './needs.ts';
import { CONTENTS, type Content } from './presets.ts';

const FIXTURES = join(import.meta.dir, '../../fixtures');
/** The programs under faults/ are those the verifier refuses. */
const OBJECTS = [...new Bun.Glob('{objects,bench}/**/*.bpf.o').scanSync(FIXTURES)]
  .filter((path) => !path.includes('/faults/'))
  .sort();

interface Subject {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly spec: ObjectSpec;
  readonly program: ProgramSpec;
}

function subjects(relative: string): Subject[] {
  const path = join(FIXTURES, relative);
  const bytes = new Uint8Array(readFileSync(path));
  const opened = openObject({ path, bytes });
  if (!opened.ok) throw new Error(opened.error.message);
  const spec = opened.value;
  return spec.programs.map((program) => ({ path, bytes, name: basename(path, '.bpf.o'), spec, program }));
}

async function judged(judge: Judge, { path, program }: Subject, inputs: readonly Input[], content: Content) {
  const wrong: unknown[] = [];
  for (const input of inputs) {
    const request = { object: path, program: program.name, presets: presetsOf(content), opts: input.opts };
    const found = await judge.mismatches(request);
    if (found.length > 0) wrong.push({ input: input.name, mismatches: found.slice(0, 6) });
  }
  return wrong;
}

describe.skipIf(noKernel !== null)(
  `fixtures on the kernel${noKernel === null ? '' : ` (skipped: ${noKernel})`}`,
  () => {
    for (const subject of OBJECTS.flatMap(subjects)) {
      const inputs = inputsFor(subject.program.type);
      const contents = { 'maps as they are': {}, ...CONTENTS[subject.name] };
      for (const [what, content] of Object.entries(contents)) {
        const why = tooOldFor(subject.spec, subject.program.name);
        const name = `${subject.name}/${subject.program.name}, ${what}: ${inputs.length} inputs${skipText(why)}`;
        test.skipIf(why !== null)(
          name,
          async () => {
            const judge = new Judge();
            await judge.open(subject.path, subject.bytes);
            try {
              expect(await judged(judge, subject, inputs, content)).toEqual([]);
            } finally {
              judge.close();
            }
          },
          180_000,
        );
      }
    }
  },
);
