/** Case files written to a directory, loaded, run on the engine, and updated: what a user sees of `--update`, without a process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBackend } from '../../src/backends/engine.ts';
import { loadCaseFile } from '../../src/cases/load.ts';
import type { Project } from '../../src/config.ts';
import type { FileError, TestOutcome } from '../../src/outcome.ts';
import { ObjectStore } from '../../src/runner/object-store.ts';
import { runCases } from '../../src/runner/runner.ts';
import type { SettledCase } from '../../src/test-case.ts';
import { planUpdates, type Updates } from '../../src/update/plan.ts';
import { OBJECTS } from './cli.ts';

export type Ran = readonly (readonly [SettledCase, TestOutcome])[];

/** Paths of objects are those of fixtures/objects: `xdp-verdicts/xdp-verdicts.bpf.o`. */
export class CaseFiles {
  readonly directory = mkdtempSync(join(tmpdir(), 'cases-'));
  private readonly backend = new EngineBackend();
  private readonly objects = new ObjectStore(this.backend, null);
  private next = 0;

  private project(): Project {
    const lists = { objects: [], cases: [], defaults: {}, btf: null, lenient: false };
    return { file: null, root: OBJECTS, ...lists };
  }

  /** A name of its own each time: modules are imported once. */
  write(extension: string, text: string): string {
    const path = join(this.directory, `${this.next++}.case.${extension}`);
    writeFileSync(path, text);
    return path;
  }

  async load(path: string): Promise<{ readonly cases: readonly SettledCase[]; readonly errors: readonly FileError[] }> {
    return loadCaseFile(path, this.project());
  }

  /** Throws where the file gives no cases. */
  async run(path: string): Promise<Ran> {
    const { cases, errors } = await this.load(path);
    if (errors[0]) throw new Error(errors[0].message);
    const came: (readonly [SettledCase, TestOutcome])[] = [];
    const scope = { backend: this.backend, objects: this.objects, lenient: false };
    await runCases(cases, scope, { run: 1, cause: '', kept: 0 }, (event) => {
      const one = event.type === 'outcome' ? cases.find(({ id }) => id === event.outcome.id) : undefined;
      if (one && event.type === 'outcome') came.push([one, event.outcome]);
    });
    return came;
  }

  plan(ran: Ran): Updates {
    return planUpdates(ran, (file) => readFileSync(file, 'utf8'));
  }

  /** What becomes of a file, and what its cases come to then: verdicts by name. */
  async update(extension: string, text: string): Promise<{ text: string; plan: Updates; after: Map<string, string> }> {
    const path = this.write(extension, text);
    const plan = this.plan(await this.run(path));
    const updated = plan.files.get(path) ?? text;
    const again = await this.run(this.write(extension, updated));
    return { text: updated, plan, after: new Map(again.map(([one, { verdict }]) => [one.name, verdict])) };
  }

  async remove(): Promise<void> {
    await this.backend.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
