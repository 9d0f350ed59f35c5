/** The objects of a project as the runner sees them: read once, opened in the backend once, until told that they changed. */
import type { ObjectSpec, Refusal } from '../../engine/index.ts';
import type { Backend } from '../backends/backend.ts';
import { readFileBytes } from '../cases/bytes.ts';
import { InputError } from '../input-error.ts';

export interface OpenedObject {
  readonly spec: ObjectSpec | null;
  /** Why there is no spec: stage `open`, also when the file cannot be read. */
  readonly refusal: Refusal | null;
}

export class ObjectStore {
  private readonly backend: Backend;
  private readonly opened = new Map<string, Promise<OpenedObject>>();
  private readonly btf: Uint8Array | null;

  /** `btf`: file with the types CO-RE relocations are resolved against. Throws InputError if it cannot be read. */
  constructor(backend: Backend, btf: string | null) {
    this.backend = backend;
    this.btf = btf === null ? null : readFileBytes(btf);
  }

  /** The object under a path, opened if it is not yet; `bytes` when the caller has read it already. */
  open(path: string, bytes?: Uint8Array): Promise<OpenedObject> {
    const known = this.opened.get(path);
    if (known && !bytes) return known;
    const opening = this.read(path, bytes);
    this.opened.set(path, opening);
    return opening;
  }

  /** The next open() reads the file again. */
  forget(path: string): void {
    this.opened.delete(path);
  }

  private async read(path: string, given?: Uint8Array): Promise<OpenedObject> {
    let bytes: Uint8Array;
    try {
      bytes = given ?? readFileBytes(path);
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      return { spec: null, refusal: { stage: 'open', errno: 0, message: thrown.message, where: {} } };
    }
    return this.backend.open(path, bytes, ...(this.btf ? [this.btf] : []));
  }
}
