/** A screen over a store that breaks at the first key: run on a terminal by a test, which looks at what is left. */
import { view } from '../../src/view.ts';
import { openScreen } from '../../ui/index.ts';
import { after, STATES } from './states.ts';

/** The program to run. */
export const CRASHING_SCREEN = import.meta.path;

async function crash(): Promise<void> {
  const vm = view(after(...(STATES.passing ?? [])));
  const listeners = new Set<() => void>();
  let broken = false;
  const crashed = Promise.withResolvers<unknown>();
  const screen = await openScreen({
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => {
      if (broken) throw new Error('a bug in the view');
      return vm;
    },
    send: () => {
      broken = true;
      for (const listener of listeners) listener();
    },
    resize: () => {},
    crash: (error) => crashed.resolve(error),
  });
  const error = await crashed.promise;
  await screen.close();
  process.stderr.write(`internal error: ${error instanceof Error ? error.message : error}\n`);
  process.exit(70);
}

if (import.meta.main) await crash();
