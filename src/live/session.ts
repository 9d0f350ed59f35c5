/** The store of the live screen: samples come in from the thread, keys go out to it. */
import { ERRNO, type ObjectSpec, openObject, type Refusal } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { InputError } from '../input-error.ts';
import { type LiveKeyCommand, type LiveStore, type LiveViewModel, liveView } from '../live-view.ts';
import { type Span, span } from '../view/text.ts';
import type { TerminalHandle } from '../view.ts';
import { toShell } from '../watch/terminal-guests.ts';
import type { LiveBackend, StartLive } from './backend.ts';
import { chosen, chosenError } from './choose.ts';
import { lossOf } from './errors.ts';
import { writeFrames } from './files.ts';
import { nextRate } from './pace.ts';
import { factsOf, initialState, type LiveState, lastSecond, newest, withSample } from './state.ts';
import type { LiveCommand, LiveDeviceInfo, LiveEnd, LiveFound, LiveRequest, LiveSample } from './types.ts';
import { frameView } from './view-frame.ts';
import { whyLost } from './why.ts';

const BATCH_DEFAULT = 64;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export interface LiveOutcome {
  readonly end: LiveEnd | Refusal;
  /** Ended by Ctrl-C. */
  readonly interrupted: boolean;
}

/** Errnos that end a run before its last frame. */
const ENDED: Readonly<Record<number, string>> = {
  [ERRNO.ENOMEM]: 'the page pool found no page for the next frame, and the run ended',
  [ERRNO.EINTR]: 'the run was cancelled',
};

/** Fault or errno that ended a run. */
function brokenText({ fault, errno }: LiveEnd): string {
  if (fault === null) return errno === 0 ? '' : `${errnoText(errno)}: ${ENDED[errno] ?? 'the run ended early'}`;
  const at = fault.file === undefined ? '' : ` at ${fault.file}:${fault.line}`;
  return `${fault.kind}: ${fault.message}${at}`;
}

export interface LiveSessionOptions {
  readonly start: StartLive;
  readonly request: LiveRequest;
  /** Name of the device that frames come in on. */
  readonly ingress: string;
  readonly ascii: boolean;
  /** Milliseconds between two looks. */
  readonly sample_ms: number;
  /** Where captures are written. */
  readonly cwd: string;
  /** Said until the first key, '' for nothing. */
  readonly note?: string;
  /** The command line, with the rate and the batch size that keys chose; absent: not known. */
  readonly command?: (chosen: { readonly rate: number; readonly batch_size: number }) => string;
}

export class LiveSession implements LiveStore {
  readonly kind = 'live';
  readonly ascii: boolean;
  /** Settles when the user leaves, or when the run cannot begin. */
  readonly done: Promise<LiveOutcome>;
  private readonly client: LiveBackend;
  private readonly listeners = new Set<() => void>();
  private readonly end: (interrupted: boolean) => void;
  private readonly fail: (error: unknown) => void;
  private state: LiveState;
  private view: LiveViewModel;
  /** Last asked for: keys come faster than samples. */
  private rate: number;
  private size: number;
  private readonly cwd: string;
  private readonly command: LiveSessionOptions['command'];
  private spec: ObjectSpec | null = null;
  private terminal: TerminalHandle | null = null;

  constructor({ start, request, ingress, ascii, sample_ms, cwd, note = '', command }: LiveSessionOptions) {
    this.command = command;
    this.ascii = ascii;
    this.cwd = cwd;
    this.state = { ...initialState(request, ingress), notice: note === '' ? null : span(note, 'info') };
    this.view = liveView(this.state);
    this.rate = request.rate;
    this.size = request.batch_size || BATCH_DEFAULT;
    this.client = start(request, sample_ms, (sample) => this.take(sample));
    const left = Promise.withResolvers<LiveOutcome>();
    this.done = left.promise;
    this.fail = left.reject;
    this.end = (interrupted) => {
      this.client.stop();
      this.client.done.then((end) => left.resolve({ end, interrupted }), left.reject);
    };
    this.client.done.then((end) => {
      if ('stage' in end) left.resolve({ end, interrupted: false });
      else this.become({ ...withSample(this.state, end.sample), finished: true, broken: brokenText(end) });
    }, left.reject);
  }

  private become(state: LiveState): void {
    this.state = state;
    this.view = liveView(state);
    for (const listener of this.listeners) listener();
  }

  private take(sample: LiveSample): void {
    const { frames, found, ...plain } = sample;
    this.become(withSample(this.state, plain));
    if (frames !== undefined) this.write(frames);
    if (found !== undefined) this.show(found);
  }

  private say(notice: Span): void {
    this.become({ ...this.state, notice });
  }

  private write(frames: NonNullable<LiveSample['frames']>): void {
    if (frames.length === 0) {
      this.say(span(this.noFrames(), 'warn'));
      return;
    }
    try {
      this.say(span(writeFrames(frames, this.state.request.network.devices, this.cwd), 'good'));
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      this.say(span(thrown.message, 'bad'));
    }
  }

  private noFrames(): string {
    if (this.view.recording) return 'no frame has left or gone up since R';
    return this.state.finished
      ? 'no frames were recorded'
      : 'no frame left or went up: R records from now on, w writes';
  }

  private show(found: LiveFound | null): void {
    const { state } = this;
    const sample = newest(state);
    if (found === null || sample === null) {
      const over = state.finished || sample?.done === true;
      this.say(
        span(over ? 'the run is over: no frame follows' : 'only the embedded engine can look at a frame', 'warn'),
      );
      return;
    }
    const { request } = state;
    const { devices } = request.network;
    const loss = lossOf(found.key, whyLost(factsOf(request, sample)));
    this.become({ ...state, frame: frameView(found, this.object(), devices, loss), scroll: 0, notice: null });
  }

  private object(): ObjectSpec {
    const { path, bytes, btf } = this.state.request;
    if (this.spec !== null) return this.spec;
    const opened = openObject({ path, bytes }, btf === undefined ? {} : { btf });
    if (!opened.ok) throw new Error(opened.error.message);
    this.spec = opened.value;
    return this.spec;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly attach = (terminal: TerminalHandle): void => {
    this.terminal = terminal;
  };

  readonly getSnapshot = (): LiveViewModel => this.view;

  readonly crash = (error: unknown): void => this.fail(error);

  close(): void {
    this.client.close();
  }

  readonly send = (command: LiveKeyCommand): void => {
    if (this.state.notice !== null) this.state = { ...this.state, notice: null };
    switch (command.do) {
      case 'pause':
        this.change({ do: this.view.paused ? 'resume' : 'pause' });
        return;
      case 'no-page':
        if (this.client.name === 'engine') this.change({ do: 'no-page' });
        else this.say(span('pages run out in the embedded engine only', 'warn'));
        return;
      case 'step':
      case 'zero':
        this.change({ do: command.do });
        return;
      case 'faster':
      case 'slower':
        this.changeRate(command.do === 'faster');
        return;
      case 'batch':
        this.changeBatch(command.by);
        return;
      case 'link':
        this.toggleLink();
        return;
      case 'ring':
        this.toggleRing();
        return;
      case 'record':
        this.change({ do: 'record', on: !this.view.recording });
        return;
      case 'write':
        this.client.send({ do: 'frames' });
        return;
      case 'look':
        this.look();
        return;
      case 'quit':
      case 'interrupt':
        this.end(command.do === 'interrupt');
        return;
      case 'redraw':
      case 'to-shell':
        void this.terminal?.suspend(async () => void (command.do === 'to-shell' && (await toShell())));
        return;
      case 'command':
        this.become({ ...chosen(this.state, this.view, command), command: this.commandLine() });
        return;
      default:
        this.become(chosen(this.state, this.view, command));
    }
  };

  private commandLine(): string {
    return this.command?.({ rate: this.rate, batch_size: this.size }) ?? '';
  }

  /** Nothing changes a run that is over. */
  private change(command: LiveCommand): void {
    if (this.state.finished) this.say(span('the run is over', 'warn'));
    else this.client.send(command);
  }

  /** A frame of the error under the cursor, or of what the interface there loses most. */
  private look(): void {
    const key = chosenError(this.state, this.view);
    if (key === null) this.say(span('nothing is lost here', 'dim'));
    else this.change({ do: 'look', key });
  }

  /** The device under the cursor. */
  private get device(): LiveDeviceInfo | undefined {
    const key = this.view.interfaces[this.view.cursor]?.key;
    return this.state.request.network.devices.find((one) => `${one.netns} ${one.ifindex}` === key);
  }

  /** The ring behind the device under the cursor takes nothing any more, or takes frames again. */
  private toggleRing(): void {
    const { device } = this;
    if (this.client.name !== 'engine') {
      this.say(span('rings are filled in the embedded engine only', 'warn'));
      return;
    }
    if (device?.peer === null || device === undefined) {
      this.say(span(`${device?.name ?? 'this'} is no veth and has no ring`, 'warn'));
      return;
    }
    const key = `${device.netns} ${device.ifindex}`;
    const full = !this.state.fullRings.has(key);
    const fullRings = new Set(this.state.fullRings);
    if (full) fullRings.add(key);
    else fullRings.delete(key);
    this.state = { ...this.state, fullRings };
    const { netns, ifindex } = device.peer;
    this.change({ do: 'ring', netns, ifindex, full });
  }

  private changeRate(up: boolean): void {
    const second = lastSecond(this.state);
    this.rate = nextRate(this.rate, up, second === null ? 1 : second.report.frames / second.seconds);
    this.change({ do: 'rate', rate: this.rate });
  }

  private changeBatch(by: 1 | -1): void {
    const { size } = this;
    const next = by > 0 ? BATCHES.find((one) => one > size) : BATCHES.findLast((one) => one < size);
    this.size = next ?? (by > 0 ? 1 : 256);
    this.change({ do: 'batch_size', size: this.size });
  }

  /** The link under the cursor goes down, or up again. */
  private toggleLink(): void {
    const row = this.view.interfaces[this.view.cursor];
    const { device } = this;
    if (!row || !device) {
      this.say(span('this is no device', 'warn'));
      return;
    }
    const { netns, ifindex } = device;
    this.change({ do: 'link', netns, ifindex, up: row.state === 'DOWN' });
  }
}
