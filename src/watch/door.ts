/** What the screen stands on before the session is there: the first frame need not wait until the engine and its users are loaded. */
import type { ExitCode } from '../input-error.ts';
import type { Store } from '../view.ts';
import type { WatchSession } from './session.ts';
import { SessionStore } from './store.ts';

type Session = Pick<WatchSession, 'send' | 'attach' | 'crash' | 'finish'>;

/** Shows the session's state; what is asked of the session before it is there, it is told when it comes. */
export class WatchDoor implements Store {
  readonly store: SessionStore;
  readonly ascii: boolean;
  readonly subscribe: Store['subscribe'];
  readonly getSnapshot: Store['getSnapshot'];
  private session: Session | null = null;
  private readonly waiting: ((session: Session) => void)[] = [];

  constructor(root: string, ascii: boolean) {
    this.store = new SessionStore(root);
    this.ascii = ascii;
    this.subscribe = this.store.subscribe;
    this.getSnapshot = this.store.getSnapshot;
  }

  open(session: Session): void {
    this.session = session;
    for (const tell of this.waiting.splice(0)) tell(session);
  }

  readonly send: Store['send'] = (command) => this.tell((session) => session.send(command));

  readonly attach: NonNullable<Store['attach']> = (terminal) => this.tell((session) => session.attach(terminal));

  readonly crash: Store['crash'] = (error) => this.tell((session) => session.crash(error));

  readonly resize: Store['resize'] = (columns, rows) => {
    this.store.dispatch({ type: 'size', columns, rows });
  };

  finish(code: ExitCode): void {
    this.tell((session) => void session.finish(code));
  }

  private tell(what: (session: Session) => void): void {
    if (this.session) what(this.session);
    else this.waiting.push(what);
  }
}
