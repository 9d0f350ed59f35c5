/** The root of the live screen: subscribes to the store, lays out for the size, turns keys into commands. */
import { useInput, useStdin, useWindowSize } from 'ink';
import { useMemo, useSyncExternalStore } from 'react';
import type { LiveStore } from '../src/live-view.ts';
import { Boundary } from './components/boundary.tsx';
import { PaintContext } from './components/line.tsx';
import { keyNames } from './keymap.ts';
import { liveCommandFor } from './live-keys.ts';
import { liveLayout } from './live-layout.ts';
import { LiveScreen } from './screens/live.tsx';

function useKeys(store: LiveStore): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      try {
        for (const name of keyNames(input, key)) {
          const command = liveCommandFor(name, store.getSnapshot());
          if (command) store.send(command);
        }
      } catch (error) {
        store.crash(error);
      }
    },
    { isActive: isRawModeSupported },
  );
}

function Live({ store }: { store: LiveStore }) {
  const vm = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { columns, rows } = useWindowSize();
  useKeys(store);
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
