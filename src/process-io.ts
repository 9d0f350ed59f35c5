/** The real process behind a command's CommandIo: streams, colours, Ctrl-C, the screen. */
import type { CommandIo } from './commands/command.ts';
import { makeStyle, wantsColour } from './format/style.ts';
import { EXIT } from './input-error.ts';

/** Handlers of Ctrl-C, the latest first; empty: it ends the process. */
const stops: (() => void)[] = [];
let interrupts = 0;

function onSigint(): void {
  const stop = stops.at(-1);
  interrupts++;
  if (!stop || interrupts > 1) process.exit(EXIT.INTERRUPTED);
  stop();
}

function onInterrupt(stop: () => void): () => void {
  if (stops.length === 0) process.on('SIGINT', onSigint);
  stops.push(stop);
  return () => {
    stops.splice(stops.indexOf(stop), 1);
    interrupts = 0;
    if (stops.length === 0) process.off('SIGINT', onSigint);
  };
}

/** A reader that went away (`| head`) is no error of ours. */
function quietPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.OK);
    throw error;
  });
}

/** Looked at before the arguments are parsed, since it decides what parsing errors look like. */
function saysNoColour(argv: readonly string[]): boolean {
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  return options.includes('--no-color') || options.includes('--color=false');
}

/** Also tells libraries that read the environment themselves, before they are loaded. */
function settleColours(): void {
  const env = process.env;
  const none = saysNoColour(process.argv.slice(2)) || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  if (!none) return;
  env.NO_COLOR = '1';
  env.FORCE_COLOR = '0';
}

/** `openScreen` comes from the entry, which alone may load the screen. */
export function processIo(openScreen: CommandIo['openScreen']): CommandIo {
  settleColours();
  quietPipe(process.stdout);
  return {
    cwd: process.cwd(),
    env: process.env,
    isTerminal: process.stdout.isTTY === true,
    style: makeStyle(wantsColour(process.stdout.isTTY === true, process.env)),
    errorStyle: makeStyle(wantsColour(process.stderr.isTTY === true, process.env)),
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    stdin: () => Bun.stdin.bytes(),
    onInterrupt,
    openScreen,
  };
}
