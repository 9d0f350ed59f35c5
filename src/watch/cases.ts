/** The project's case files while they are watched: each with the cases it gave and the files it was made of, reloaded alone. */
import { existsSync } from 'node:fs';
import { takeFilesRead } from '../cases/bytes.ts';
import { arrangeCases, loadCaseFile } from '../cases/load.ts';
import { forgetUserModules } from '../cases/modules.ts';
import { expandGlobs, type Project } from '../config.ts';
import type { FileError } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { importClosure } from './imports.ts';

interface CaseFile {
  readonly cases: readonly SettledCase[];
  readonly errors: readonly FileError[];
  /** Modules and data files. */
  readonly parts: ReadonlySet<string>;
}

export class CaseBook {
  private readonly project: Project;
  private readonly files = new Map<string, CaseFile>();

  constructor(project: Project) {
    this.project = project;
  }

  /** Every case, twins numbered, `only` applied. */
  cases(): SettledCase[] {
    return arrangeCases([...this.files.values()].flatMap((file) => file.cases));
  }

  errors(): FileError[] {
    return [...this.files.values()].flatMap((file) => file.errors);
  }

  /** Every file that cases are made of. */
  parts(): Set<string> {
    return new Set([...this.files.values()].flatMap((file) => [...file.parts]));
  }

  /** Reads all case files. */
  async loadAll(): Promise<void> {
    forgetUserModules(this.project.root);
    this.files.clear();
    for (const file of await this.expand()) await this.load(file);
  }

  /**
   * Reads again the case files that are made of any of the changed ones, reads new ones, drops those that are gone.
   * Gives the case files that were read.
   */
  async reload(changed: ReadonlySet<string>): Promise<Set<string>> {
    const present = await this.expand();
    const touched = new Set<string>();
    for (const file of this.files.keys()) if (!present.includes(file)) this.files.delete(file);
    for (const file of present) {
      const known = this.files.get(file);
      if (!known || [...changed].some((part) => known.parts.has(part))) touched.add(file);
    }
    if (touched.size > 0) forgetUserModules(this.project.root);
    for (const file of touched) await this.load(file);
    this.sort(present);
    return touched;
  }

  private async expand(): Promise<string[]> {
    const files = await expandGlobs(this.project.root, this.project.cases);
    return files.filter((file) => existsSync(file));
  }

  private async load(file: string): Promise<void> {
    takeFilesRead();
    const { cases, errors } = await loadCaseFile(file, this.project);
    this.files.set(file, { cases, errors, parts: new Set([...importClosure(file), ...takeFilesRead()]) });
  }

  /** A file that was made again keeps its place in the list. */
  private sort(order: readonly string[]): void {
    const entries = order.flatMap((file) => {
      const known = this.files.get(file);
      return known ? [[file, known] as const] : [];
    });
    this.files.clear();
    for (const [file, known] of entries) this.files.set(file, known);
  }
}
