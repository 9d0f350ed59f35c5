/** The store of the live screen: samples come in from the thread, keys go out to it. */
import { type ObjectSpec, openObject, type Refusal } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { InputError } from '../input-error.ts';
import { type LiveKeyCommand, type LiveStore, type LiveViewModel, liveView } from '../live-view.ts';
import { whyLost } from '../live-why.ts';
import { type Span, span } from '../view-text.ts';
import type { LiveBackend, StartLive } from './live-backend.ts';
import { errorRows, lossOf } from './live-errors.ts';
import { writeFrames } from './live-files.ts';
import { nextRate } from './live-pace.ts';
import { factsOf, initialState, type LiveState, lastSecond, newest, SORTS, withSample } from './live-state.ts';
import type { LiveEnd, LiveFound, LiveRequest, LiveSample } from './live-types.ts';
import { frameView } from './view-frame.ts';

/** The screen looks ten times a second. */
const SAMPLE_MS = 100;
const BATCH_DEFAULT = 64;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export interface LiveOutcome {
  readonly end: LiveEnd | Refusal;
  /** Ended by Ctrl-C. */
  readonly interrupted: boolean;
}

/** Fault or errno that ended a run. */
function brokenText({ fault, errno }: LiveEnd): string {
  if (fault === null) return errno === 0 ? '' : errnoText(errno);
  const at = fault.file === undefined ? '' : ` at ${fault.file}:${fault.line}`;
  return `${fault.kind}: ${fault.message}${at}`;
}

export interface LiveSessionOptions {
  readonly start: StartLive;
  readonly request: LiveRequest;
  /** Name of the device that frames come in on. */
  readonly ingress: string;
  readonly ascii: boolean;
  /** Where captures are written. */
  readonly cwd: string;
  /** Said until the first key, '' for nothing. */
  readonly note?: string;
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
  private spec: ObjectSpec | null = null;

  constructor({ start, request, ingress, ascii, cwd, note = '' }: LiveSessionOptions) {
    this.ascii = ascii;
    this.cwd = cwd;
    this.state = { ...initialState(request, ingress), notice: note === '' ? null : span(note, 'info') };
    this.view = liveView(this.state);
    this.rate = request.rate;
    this.size = request.batch_size || BATCH_DEFAULT;
    this.client = start(request, SAMPLE_MS, (sample) => this.take(sample));
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
      const { finished } = this.state;
      this.say(
        span(finished ? 'no frames were recorded' : 'no frames yet: R records, and w writes what was recorded', 'warn'),
      );
      return;
    }
    try {
      this.say(span(writeFrames(frames, this.state.request.network.devices, this.cwd), 'good'));
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      this.say(span(thrown.message, 'bad'));
    }
  }

  private show(found: LiveFound | null): void {
    const { state } = this;
    const sample = newest(state);
    if (found === null || sample === null) {
      this.say(
        span(
          state.finished || sample?.done ? 'the run is over: no frame follows' : 'no frame can be looked at here',
          'warn',
        ),
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

  readonly getSnapshot = (): LiveViewModel => this.view;

  readonly crash = (error: unknown): void => this.fail(error);

  close(): void {
    this.client.close();
  }

  readonly send = (command: LiveKeyCommand): void => {
    if (this.state.notice !== null) this.state = { ...this.state, notice: null };
    switch (command.do) {
      case 'pause':
        this.client.send({ do: this.view.paused ? 'resume' : 'pause' });
        return;
      case 'step':
      case 'zero':
        this.client.send({ do: command.do });
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
      case 'record':
        this.client.send({ do: 'record', on: !this.view.recording });
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
      default:
        this.choose(command);
    }
  };

  private changeRate(up: boolean): void {
    const second = lastSecond(this.state);
    this.rate = nextRate(this.rate, up, second === null ? 1 : second.report.frames / second.seconds);
    this.client.send({ do: 'rate', rate: this.rate });
  }

  private changeBatch(by: 1 | -1): void {
    const { size } = this;
    const next = by > 0 ? BATCHES.find((one) => one > size) : BATCHES.findLast((one) => one < size);
    this.size = next ?? (by > 0 ? 1 : 256);
    this.client.send({ do: 'batch_size', size: this.size });
  }

  /** The link under the cursor goes down, or up again. */
  private toggleLink(): void {
    const row = this.view.interfaces[this.state.cursor];
    const dev = this.state.request.network.devices.find((one) => `${one.netns} ${one.ifindex}` === row?.key);
    if (!row || !dev) return;
    const { netns, ifindex } = dev;
    this.client.send({ do: 'link', netns, ifindex, up: row.state !== 'up' });
  }

  /** A frame of the error under the cursor, or of what the interface there loses most. */
  private look(): void {
    const key = this.chosenError();
    if (key === null) this.say(span('nothing is lost here', 'dim'));
    else if (this.state.finished) this.say(span('the run is over: no frame follows', 'warn'));
    else this.client.send({ do: 'look', key });
  }

  private chosenError(): string | null {
    const { view, state } = this;
    if (state.focus === 'errors') return view.errors[view.errorCursor]?.key ?? null;
    const sample = newest(state);
    const row = view.interfaces[state.cursor];
    if (sample === null || row === undefined) return null;
    const facts = factsOf(state.request, sample);
    const losses = whyLost(facts);
    const errors = errorRows(facts).map(({ key }) => key);
    return errors.find((key) => sameDevice(lossOf(key, losses)?.device ?? null, row.key)) ?? null;
  }

  private choose(command: LiveKeyCommand): void {
    const { state } = this;
    switch (command.do) {
      case 'sort':
        this.become({ ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length]! });
        break;
      case 'unit':
        this.become({ ...state, perSecond: !state.perSecond });
        break;
      case 'help':
        this.become({ ...state, help: !state.help });
        break;
      case 'back':
        this.become({ ...state, help: false, frame: null, focus: state.frame === null ? 'interfaces' : state.focus });
        break;
      case 'focus':
        this.become({ ...state, focus: state.focus === 'errors' ? 'interfaces' : 'errors' });
        break;
      case 'scroll':
        this.become({ ...state, scroll: command.to });
        break;
      case 'move':
        this.move(command.by);
    }
  }

  private move(by: number): void {
    const { state, view } = this;
    const within = (at: number, rows: number) => Math.max(0, Math.min(rows - 1, at + by));
    if (state.focus === 'errors') {
      this.become({ ...state, errorCursor: within(view.errorCursor, view.errors.length) });
    } else this.become({ ...state, cursor: within(state.cursor, view.interfaces.length) });
  }
}

function sameDevice(device: { readonly netns: string; readonly ifindex: number } | null, key: string): boolean {
  return device !== null && `${device.netns} ${device.ifindex}` === key;
}
