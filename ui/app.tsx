/** The root of the screen: subscribes to the store, picks the screen for the size, turns keys into commands. */
import { useApp, useInput, useIsScreenReaderEnabled, usePaste, useStdin, useStdout, useWindowSize } from 'ink';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Store, ViewModel } from '../src/view.ts';
import { Boundary } from './components/boundary.tsx';
import { PaintContext } from './components/line.tsx';
import { commandFor, keyNames } from './keymap.ts';
import { type Layout, layout } from './layout.ts';
import { FailureScreen } from './screens/failure.tsx';
import { EmptyScreen, HelpScreen, OverlayScreen } from './screens/message.tsx';
import { ReaderScreen } from './screens/reader.tsx';
import { RunScreen, RunTiny } from './screens/run.tsx';
import { TinyScreen } from './screens/tiny.tsx';
import { WatchScreen } from './screens/watch.tsx';
import { scrollCommand } from './scroll.ts';

function Screen({ vm, at }: { vm: ViewModel; at: Layout }) {
  if (useIsScreenReaderEnabled()) return <ReaderScreen vm={vm} />;
  if (vm.run_screen && !vm.help && !vm.overlay) {
    const Run = at.kind === 'tiny' ? RunTiny : RunScreen;
    return <Run vm={vm} view={vm.run_screen} layout={at} />;
  }
  if (at.kind === 'tiny') return <TinyScreen vm={vm} layout={at} />;
  if (vm.help) return <HelpScreen vm={vm} layout={at} />;
  if (vm.overlay) return <OverlayScreen vm={vm} layout={at} />;
  if (vm.empty) return <EmptyScreen vm={vm} layout={at} />;
  if (vm.failure) return <FailureScreen vm={vm} view={vm.failure} layout={at} />;
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
  // Pasted text is no command: it goes where text belongs, or nowhere.
  const paste = (text: string) => store.send({ do: 'paste', text });
  usePaste(paste, { isActive: isRawModeSupported });
}

/** Tells the driver what it may do with the terminal. */
function useTerminal(store: Store): void {
  const { suspendTerminal } = useApp();
  const { stdout } = useStdout();
  useEffect(() => {
    store.attach?.({
      suspend: (run) => suspendTerminal(run),
      // Moves nothing on the screen, so that it may go past Ink.
      copy: (text) => stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`),
    });
  }, [store, suspendTerminal, stdout]);
}

function Watching({ store }: { store: Store }) {
  const vm = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { columns, rows } = useWindowSize();
  const at = layout(columns, rows);
  useEffect(() => store.resize(columns, rows), [store, columns, rows]);
  useKeys(store, at);
  useTerminal(store);
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
