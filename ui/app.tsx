/** The root of the screen: subscribes to the store, picks the screen for the size, turns keys into commands. */
import { useInput, usePaste, useStdin, useWindowSize } from 'ink';
import { Component, type ReactNode, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Command, Store, ViewModel } from '../src/view.ts';
import { PaintContext } from './components/line.tsx';
import { detailLines } from './detail-lines.ts';
import { commandFor, keyNames } from './keymap.ts';
import { type Layout, layout } from './layout.ts';
import { EmptyScreen, HelpScreen } from './screens/message.tsx';
import { TinyScreen } from './screens/tiny.tsx';
import { WatchScreen } from './screens/watch.tsx';

/** A throw while drawing must not leave the terminal in pieces: the driver closes it and says what happened. */
class Boundary extends Component<{ crash: Store['crash']; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.crash(error);
  }

  override render(): ReactNode {
    return this.state.broken ? null : this.props.children;
  }
}

/** In an open detail, moving scrolls: only the screen knows how many lines there are. */
export function scrollCommand(command: Command, vm: ViewModel, at: Layout): Command {
  if (vm.pane !== 'detail' || (command.do !== 'move' && command.do !== 'edge')) return command;
  const lines = detailLines(vm.detail, at.columns - 4).length;
  const last = Math.max(0, lines - (at.list.height - 2));
  if (command.do === 'edge') return { do: 'scroll', to: command.end === 'first' ? 0 : last };
  return { do: 'scroll', to: Math.max(0, Math.min(last, vm.scroll + command.by)) };
}

function Screen({ vm, at }: { vm: ViewModel; at: Layout }) {
  if (at.kind === 'tiny') return <TinyScreen vm={vm} layout={at} />;
  if (vm.help) return <HelpScreen vm={vm} layout={at} />;
  if (vm.empty) return <EmptyScreen vm={vm} layout={at} />;
  return <WatchScreen vm={vm} layout={at} />;
}

function useKeys(store: Store, at: Layout): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      try {
        for (const name of keyNames(input, key)) {
          const vm = store.getSnapshot();
          const command = commandFor(name, vm, Math.max(1, at.list.height - 3));
          if (command) store.send(scrollCommand(command, vm, at));
        }
      } catch (error) {
        store.crash(error);
      }
    },
    { isActive: isRawModeSupported },
  );
  // Pasted text is no command.
  usePaste(() => {}, { isActive: isRawModeSupported });
}

function Watching({ store }: { store: Store }) {
  const vm = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { columns, rows } = useWindowSize();
  const at = layout(columns, rows);
  useEffect(() => store.resize(columns, rows), [store, columns, rows]);
  useKeys(store, at);
  return <Screen vm={vm} at={at} />;
}

export interface AppProps {
  readonly store: Store;
  readonly colour: boolean;
}

export function App({ store, colour }: AppProps) {
  const options = useMemo(() => ({ colour, ascii: store.ascii === true }), [colour, store.ascii]);
  return (
    <Boundary crash={store.crash}>
      <PaintContext value={options}>
        <Watching store={store} />
      </PaintContext>
    </Boundary>
  );
}
