/** The keys of the live screen as data: what each does, and what the key line and the help say about it. */
import type { LiveKeyCommand, LiveViewModel } from '../../src/live-view.ts';

export interface LiveBinding {
  readonly keys: readonly string[];
  readonly shown: string;
  /** In the key line; '': only in the help. */
  readonly short: (vm: LiveViewModel) => string;
  readonly help: string;
  readonly command: (key: string) => LiveKeyCommand;
  /** What gives way first: the lowest. */
  readonly rank: number;
}

const only = (command: LiveKeyCommand) => () => command;
/** Nothing changes a run that is over. */
const going = (text: string) => (vm: LiveViewModel) => (vm.finished ? '' : text);

/** Something lies over the tables. */
function covered(vm: LiveViewModel): boolean {
  return vm.frame !== null || vm.help || vm.overlay !== null;
}

const tables = (text: string) => (vm: LiveViewModel) => (covered(vm) ? '' : text);

function lookText(vm: LiveViewModel): string {
  if (vm.finished || vm.help || vm.overlay !== null) return '';
  if (vm.frame !== null) return 'next such frame';
  return vm.errors.length > 0 ? 'frame' : '';
}

export const LIVE_KEYS: readonly LiveBinding[] = [
  {
    ...{ keys: ['space'], shown: 'space', short: (vm) => (vm.finished ? '' : vm.paused ? 'go on' : 'pause') },
    ...{ help: 'pause at the edge of a batch, or go on', command: only({ do: 'pause' }), rank: 8 },
  },
  {
    ...{ keys: ['.'], shown: '.', short: going('step'), rank: 7 },
    ...{ help: 'run one batch, and show it alone', command: only({ do: 'step' }) },
  },
  {
    ...{ keys: ['+', '=', '-'], shown: '+-', short: going('rate'), rank: 6 },
    help: 'more or fewer frames a second',
    command: (key) => ({ do: key === '-' ? 'slower' : 'faster' }),
  },
  {
    ...{ keys: ['b', 'B'], shown: 'b/B', short: going('batch'), rank: 5 },
    help: 'a larger or a smaller batch, 1 to 256 frames',
    command: (key) => ({ do: 'batch', by: key === 'b' ? 1 : -1 }),
  },
  {
    ...{ keys: ['up', 'k', 'down', 'j'], shown: '↑↓', short: (vm) => (covered(vm) ? 'scroll' : ''), rank: 5 },
    help: 'choose an interface or an error; scroll an open frame',
    command: (key) => ({ do: 'move', by: key === 'up' || key === 'k' ? -1 : 1 }),
  },
  {
    ...{ keys: ['pageup', 'pagedown'], shown: 'PgUp', short: () => '', rank: 0 },
    ...{ help: 'and PgDn: ten lines at once', command: (key) => ({ do: 'move', by: key === 'pageup' ? -10 : 10 }) },
  },
  {
    ...{ keys: ['tab'], shown: 'Tab', short: tables('pane'), rank: 4 },
    ...{ help: 'from interfaces to errors and back', command: only({ do: 'focus' }) },
  },
  {
    ...{ keys: ['return'], shown: 'Enter', short: lookText, rank: 6 },
    ...{ help: 'look at a frame that is lost so, with its source line', command: only({ do: 'look' }) },
  },
  {
    ...{ keys: ['l'], shown: 'l', short: going('link'), rank: 4 },
    ...{ help: 'take the chosen interface down, or up again', command: only({ do: 'link' }) },
  },
  {
    ...{ keys: ['f'], shown: 'f', short: () => '', rank: 0 },
    ...{ help: 'fill the ring behind the chosen interface, or let it drain', command: only({ do: 'ring' }) },
  },
  {
    ...{ keys: ['x'], shown: 'x', short: () => '', rank: 0 },
    ...{ help: 'no page for the next frame: ENOMEM ends the run', command: only({ do: 'no-page' }) },
  },
  {
    ...{ keys: ['s'], shown: 's', short: (vm) => tables(`sort: ${vm.sort}`)(vm), rank: 2 },
    ...{ help: 'sort interfaces as given, by xmit, by errors, by name', command: only({ do: 'sort' }) },
  },
  {
    ...{ keys: ['z'], shown: 'z', short: going('zero'), rank: 3 },
    ...{ help: 'all counters start from zero', command: only({ do: 'zero' }) },
  },
  {
    ...{ keys: ['d'], shown: 'd', short: (vm) => tables(vm.unit === 'totals' ? 'per second' : 'totals')(vm), rank: 3 },
    ...{ help: 'interfaces per second, or in total', command: only({ do: 'unit' }) },
  },
  {
    ...{
      keys: ['R'],
      shown: 'R',
      short: (vm) => (vm.finished ? '' : vm.recording ? 'stop recording' : 'record'),
      rank: 3,
    },
    ...{ help: 'keep the frames that leave and go up from now on, or no longer', command: only({ do: 'record' }) },
  },
  {
    ...{ keys: ['w'], shown: 'w', short: tables('pcap'), rank: 3 },
    ...{ help: 'write what was recorded, else the next batch, as live-N.pcapng', command: only({ do: 'write' }) },
  },
  {
    ...{ keys: ['escape'], shown: 'Esc', short: (vm) => (covered(vm) || vm.search !== null ? 'back' : ''), rank: 9 },
    ...{ help: 'back to the tables', command: only({ do: 'back' }) },
  },
  {
    ...{ keys: ['?'], shown: '?', short: () => 'help', rank: 9 },
    ...{ help: 'this help, and out of it', command: only({ do: 'help' }) },
  },
  {
    ...{ keys: ['/'], shown: '/', short: () => '', rank: 0 },
    ...{ help: 'look for a text in the table', command: only({ do: 'search' }) },
  },
  {
    ...{ keys: ['n', 'N'], shown: 'n/N', short: (vm) => (vm.search === null ? '' : 'next match'), rank: 8 },
    help: 'the next and the previous row that holds it',
    command: (key) => ({ do: 'next', by: key === 'n' ? 1 : -1 }),
  },
  {
    ...{ keys: ['L'], shown: 'L', short: () => '', rank: 0 },
    ...{ help: 'the log: what changed, and what programs printed', command: only({ do: 'log' }) },
  },
  {
    ...{ keys: ['@'], shown: '@', short: () => '', rank: 0 },
    ...{ help: 'the command line that runs the same again', command: only({ do: 'command' }) },
  },
  {
    ...{ keys: ['ctrl+l'], shown: 'Ctrl-L', short: () => '', rank: 0 },
    ...{ help: 'draw the screen anew', command: only({ do: 'redraw' }) },
  },
  {
    ...{ keys: ['ctrl+z'], shown: 'Ctrl-Z', short: () => '', rank: 0 },
    ...{ help: 'to the shell; fg comes back', command: only({ do: 'to-shell' }) },
  },
  {
    ...{ keys: ['q'], shown: 'q', short: () => 'quit', rank: 10 },
    ...{ help: 'quit, and print the totals', command: only({ do: 'quit' }) },
  },
  {
    ...{ keys: ['ctrl+c'], shown: 'Ctrl-C', short: () => '', rank: 0 },
    ...{ help: 'end the run, exit code 130', command: only({ do: 'interrupt' }) },
  },
];

/** What keys do while a search is typed: names of keys that are no text. */
const TYPING: Readonly<Record<string, LiveKeyCommand>> = {
  return: { do: 'accept' },
  escape: { do: 'back' },
  backspace: { do: 'erase' },
  delete: { do: 'erase' },
  space: { do: 'type', text: ' ' },
  'ctrl+c': { do: 'interrupt' },
};

function typingCommand(key: string): LiveKeyCommand | null {
  return TYPING[key] ?? ([...key].length === 1 ? { do: 'type', text: key } : null);
}

export function liveCommandFor(key: string, vm: LiveViewModel): LiveKeyCommand | null {
  if (vm.search?.typing) return typingCommand(key);
  return LIVE_KEYS.find(({ keys }) => keys.includes(key))?.command(key) ?? null;
}

/** The hints that fit, the least important give way. */
export function liveHints(vm: LiveViewModel, width: number): { shown: string; short: string }[] {
  const all = LIVE_KEYS.flatMap(({ shown, short, rank }) => {
    const text = short(vm);
    return text === '' ? [] : [{ shown, short: text, rank }];
  });
  const size = () => all.reduce((sum, { shown, short }) => sum + shown.length + short.length + 3, 0);
  while (all.length > 0 && size() > width) {
    const least = all.reduce((low, one, i) => (one.rank < all[low]!.rank ? i : low), 0);
    all.splice(least, 1);
  }
  return all;
}
