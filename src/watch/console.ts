/** Takes console output of users' case files off the terminal while a screen is on it. */
import { format } from 'node:util';

const METHODS = ['log', 'info', 'debug', 'warn', 'error'] as const;

/** Gives every line to `note` until the function it gives back is called. */
export function redirectConsole(note: (line: string, loud: boolean) => void): () => void {
  const before = METHODS.map((name) => [name, console[name]] as const);
  for (const name of METHODS) {
    console[name] = (...args: unknown[]) => {
      for (const line of format(...args).split('\n')) note(line, name === 'warn' || name === 'error');
    };
  }
  return () => {
    for (const [name, method] of before) console[name] = method;
  };
}
