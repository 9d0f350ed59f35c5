/** Draws the app for a view at a size, without a terminal: the last frame as lines. */
import { EventEmitter } from 'node:events';
import { render } from 'ink';
import { createElement } from 'react';
import type { Command, Store, ViewModel } from '../../src/view.ts';
import { App } from '../../ui/app.tsx';

class FakeOut extends EventEmitter {
  readonly columns: number;
  readonly rows: number;
  readonly isTTY = true;
  last = '';

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  readonly write = (text: string, done?: () => void): boolean => {
    if (text !== '' && text !== '\n') this.last = text;
    done?.();
    return true;
  };
}

class FakeIn extends EventEmitter {
  readonly isTTY = true;
  private typed: string[] = [];
  setEncoding(): void {}
  setRawMode(): void {}
  ref(): void {}
  unref(): void {}
  resume(): void {}
  pause(): void {}

  read(): string | null {
    return this.typed.shift() ?? null;
  }

  type(keys: string): void {
    this.typed.push(keys);
    this.emit('readable');
    this.emit('data', keys);
  }
}

export interface Drawn {
  readonly lines: readonly string[];
  /** What keys sent. */
  readonly commands: readonly Command[];
}

/** Ink's input needs a turn of the event loop for keys. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

export async function draw(vm: ViewModel, columns: number, rows: number, keys = '', ascii = false): Promise<Drawn> {
  const stdout = new FakeOut(columns, rows);
  const stdin = new FakeIn();
  const commands: Command[] = [];
  const store: Store = {
    subscribe: () => () => {},
    getSnapshot: () => vm,
    send: (command) => commands.push(command),
    resize: () => {},
    ascii,
    crash: (error) => {
      throw error;
    },
  };
  const app = render(createElement(App, { store, colour: false }), {
    stdout: stdout as never,
    stdin: stdin as never,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
  });
  await turn();
  const lines = stdout.last.split('\n');
  if (keys !== '') stdin.type(keys);
  await turn();
  app.unmount();
  return { lines, commands };
}
