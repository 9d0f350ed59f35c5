/** A program on a real pseudo-terminal, its screen read back as a person would see it. Waits for text, never for a time. */
import { Terminal } from '@xterm/headless';

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every piece of output as it comes, before it is drawn. */
  readonly onData?: (bytes: Uint8Array) => void;
}

interface Waiting {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** Synchronized updates: the screen between these is not for anybody's eyes. */
const FRAME_BEGINS = '\u001b[?2026h';
const FRAME_ENDS = '\u001b[?2026l';
const DRAWN_KEPT = 1 << 16;
const PATIENCE_MS = 60_000;

/** Keys by name as the bytes a terminal sends. */
export const KEY = {
  enter: '\r',
  escape: '\u001b',
  up: '\u001b[A',
  down: '\u001b[B',
  left: '\u001b[D',
  right: '\u001b[C',
  interrupt: '\u0003',
};

export class TerminalRun {
  readonly screen: Terminal;
  readonly exited: Promise<number>;
  /** Everything the program wrote, for what a screen does not show. */
  raw = '';
  /** The end of what the screen has drawn so far. */
  private drawn = '';
  private readonly child: Bun.Subprocess;
  private readonly waiting = new Set<Waiting>();
  private readonly decoder = new TextDecoder();

  constructor(command: readonly string[], options: TerminalOptions = {}) {
    const { columns = 100, rows = 30, cwd = process.cwd(), env = {}, onData } = options;
    this.screen = new Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 200 });
    this.child = Bun.spawn([...command], {
      cwd,
      env: { ...cleanEnv(), ...env },
      terminal: {
        cols: columns,
        rows,
        data: (_terminal, bytes) => {
          onData?.(bytes);
          const text = this.decoder.decode(bytes, { stream: true });
          this.raw += text;
          this.screen.write(bytes, () => {
            this.drawn = (this.drawn + text).slice(-DRAWN_KEPT);
            this.look();
          });
        },
      },
    });
    this.exited = this.child.exited;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Rows of the screen, blanks at their ends cut. */
  lines(): string[] {
    const buffer = this.screen.buffer.active;
    return Array.from(
      { length: this.screen.rows },
      (_, y) => buffer.getLine(buffer.viewportY + y)?.translateToString(true) ?? '',
    );
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** Resolves when the screen shows it; rejects with the screen as it is when it never does. */
  async until(wanted: string | RegExp | ((text: string) => boolean)): Promise<void> {
    const holds = () => {
      const text = this.text();
      if (typeof wanted === 'function') return wanted(text);
      return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    };
    if (!this.drawing && holds()) return;
    await new Promise<void>((resolve, reject) => {
      const one: Waiting = {
        holds,
        resolve: () => {
          clearTimeout(timer);
          this.waiting.delete(one);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiting.delete(one);
        reject(new Error(`the screen never showed ${String(wanted)}:\n${this.text()}`));
      }, PATIENCE_MS);
      this.waiting.add(one);
    });
  }

  type(keys: string): void {
    this.child.terminal?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    this.child.terminal?.resize(columns, rows);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }

  /** The exit code, once everything it wrote is drawn. */
  async end(): Promise<number> {
    const code = await this.exited;
    await new Promise<void>((resolve) => this.screen.write('', resolve));
    return code;
  }

  /** Whether the program is in the middle of a frame: what stands on the screen then is half of it. */
  private get drawing(): boolean {
    return this.drawn.lastIndexOf(FRAME_BEGINS) > this.drawn.lastIndexOf(FRAME_ENDS);
  }

  private look(): void {
    if (this.drawing) return;
    for (const one of [...this.waiting]) if (one.holds()) one.resolve();
  }
}

/** CI and NO_COLOR make programs behave otherwise than for a person at a terminal. */
function cleanEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(CI|NO_COLOR|FORCE_COLOR|NODE_ENV|GITHUB_ACTIONS|COLUMNS|LINES)$/.test(name))
      env[name] = value;
  }
  return { ...env, TERM: 'xterm-256color' };
}
