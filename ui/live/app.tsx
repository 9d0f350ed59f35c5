/** The root of the live screen: subscribes to the store, lays out for the size, turns keys into commands. */
import { useApp, useInput, useIsScreenReaderEnabled, usePaste, useStdin, useStdout, useWindowSize } from 'ink';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { LiveStore } from '../../src/live-view.ts';
import { Boundary } from '../components/boundary.tsx';
import { PaintContext } from '../components/line.tsx';
import { keyNames } from '../keymap.ts';
import { LiveScreen } from '../screens/live.tsx';
import { LiveReader } from '../screens/live-reader.tsx';
import { liveCommandFor } from './keys.ts';
import { liveLayout } from './layout.ts';
import { scrolled } from './scroll.ts';

function useKeys(store: LiveStore, columns: number, rows: number): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      try {
        for (const name of keyNames(input, key)) {
          const command = liveCommandFor(name, store.getSnapshot());
          if (command) store.send(scrolled(command, store.getSnapshot(), columns, rows));
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

/** Tells the driver what it may do with the terminal. */
function useTerminal(store: LiveStore): void {
  const { suspendTerminal } = useApp();
  const { stdout } = useStdout();
  useEffect(() => {
    store.attach({
      suspend: (run) => suspendTerminal(run),
      copy: (text) => stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`),
    });
  }, [store, suspendTerminal, stdout]);
}

function Live({ store }: { store: LiveStore }) {
  const vm = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { columns, rows } = useWindowSize();
  useKeys(store, columns, rows);
  useTerminal(store);
  if (useIsScreenReaderEnabled()) return <LiveReader vm={vm} />;
  return <LiveScreen vm={vm} at={liveLayout(columns, rows, vm.interfaces.length)} />;
}

export function LiveApp({ store, colour }: { readonly store: LiveStore; readonly colour: boolean }) {
  const options = useMemo(() => ({ colour, ascii: store.ascii === true }), [colour, store.ascii]);
  return (
    <Boundary crash={store.crash}>
      <PaintContext value={options}>
        <Live store={store} />
      </PaintContext>
    </Boundary>
  );
}
