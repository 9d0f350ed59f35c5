/** Questions to a thread or process, answered by their number: what both backends that work elsewhere have between them and the other side. */

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A request without the number that asking gives it. */
export type Question<T> = T extends unknown ? Omit<T, 'id'> : never;

/** What came of a question, or what was thrown there: a bug of ours. */
export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly stack: string };

/** The answer of the side that is asked. */
export async function answered(id: number, act: () => unknown): Promise<Answer> {
  try {
    return { id, ok: true, value: await act() };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { id, ok: false, message: error.message, stack: error.stack ?? '' };
  }
}

export class Questions<Request extends { readonly id: number }> {
  private readonly waiting = new Map<number, Waiting>();
  /** Number of the question asked last. */
  last = 0;

  get open(): number {
    return this.waiting.size;
  }

  isOpen(id: number): boolean {
    return this.waiting.has(id);
  }

  /** `send` gets the question with its number. Rejects with the error that the other side answers with, or that all `fail` with. */
  ask(question: Question<Request>, send: (request: Request) => void): Promise<unknown> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      send({ id, ...question } as unknown as Request);
    });
  }

  take(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.ok) {
      waiting?.resolve(answer.value);
      return;
    }
    const error = new Error(answer.message);
    error.stack = answer.stack;
    waiting?.reject(error);
  }

  /** The other side is gone: whoever waits learns it. */
  fail(message: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(message));
    this.waiting.clear();
  }
}
