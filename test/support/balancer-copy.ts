/** A copy of the balancer project in a directory of its own, to break and rebuild. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dir, '..', '..');
export const MAIN = join(ROOT, 'src', 'main.ts');
const BALANCER = join(ROOT, 'fixtures', 'projects', 'balancer');

export class ProjectCopy {
  /** `name` is the project's name on the screen. */
  readonly root: string;
  private readonly parent = mkdtempSync(join(tmpdir(), 'project-'));

  constructor(name = 'balancer') {
    this.root = join(this.parent, name);
    cpSync(BALANCER, this.root, { recursive: true });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  /** As compilers do: written beside, then renamed over. */
  replace(name: string, content: string | Uint8Array): void {
    this.write(`${name}.tmp`, content);
    renameSync(this.path(`${name}.tmp`), this.path(name));
  }

  remove(): void {
    rmSync(this.parent, { recursive: true, force: true });
  }
}

const MOV_IMM = 0xb7;

/** The object with every `r0 = from` of its code made `r0 = to`: programs return another verdict. Throws when there is none. */
export function withReturn(object: Uint8Array, from: number, to: number): Uint8Array {
  const copy = object.slice();
  const view = new DataView(copy.buffer);
  let found = 0;
  for (let at = 0; at + 8 <= copy.length; at += 8) {
    if (view.getUint32(at, true) !== MOV_IMM || view.getUint32(at + 4, true) !== from) continue;
    view.setUint32(at + 4, to, true);
    found++;
  }
  if (found === 0) throw new Error(`no return of ${from} in the object`);
  return copy;
}

/** The object with every constant `from` of its code made `to`, whatever register it goes to. Throws when there is none. */
export function withConstant(object: Uint8Array, from: number, to: number): Uint8Array {
  const copy = object.slice();
  const view = new DataView(copy.buffer);
  let found = 0;
  for (let at = 0; at + 8 <= copy.length; at += 8) {
    const moves = copy[at] === MOV_IMM && copy[at + 1]! <= 9 && view.getUint16(at + 2, true) === 0;
    if (!moves || view.getUint32(at + 4, true) !== from) continue;
    view.setUint32(at + 4, to, true);
    found++;
  }
  if (found === 0) throw new Error(`no constant ${from} in the object`);
  return copy;
}
