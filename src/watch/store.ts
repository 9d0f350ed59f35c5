/** Holds the session's state for the screen: actions in, one view out, listeners told once for each batch of actions. */
import type { RunEvent } from '../outcome.ts';
import { type Action, initialState, reduce, type State } from '../session/session.ts';
import { type ViewModel, view } from '../view.ts';

/** A run shorter than this appears with its verdict at once; a longer one shows its progress in these steps. */
const PROGRESS_MS = 100;

export class SessionStore {
  private current: State;
  private drawn: ViewModel | null = null;
  private readonly listeners = new Set<() => void>();
  private waiting: RunEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(root: string) {
    this.current = initialState(root);
  }

  get state(): State {
    return this.current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly getSnapshot = (): ViewModel => {
    this.drawn ??= view(this.current);
    return this.drawn;
  };

  dispatch(...actions: readonly Action[]): void {
    const before = this.current;
    for (const action of actions) this.current = reduce(this.current, action);
    if (this.current === before) return;
    this.drawn = null;
    for (const listener of this.listeners) listener();
  }

  /** Takes an event of a run: the end of one is shown at once, all else together with what follows it soon. */
  event(event: RunEvent): void {
    this.waiting.push(event);
    if (event.type === 'end') this.flush();
    else this.timer ??= setTimeout(() => this.flush(), PROGRESS_MS);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const events = this.waiting;
    this.waiting = [];
    if (events.length > 0) this.dispatch({ type: 'events', events, at: Date.now() });
  }
}
