/** The root of the live screen: subscribes to the store, lays out for the size, turns keys into commands. */
import { useInput, useStdin, useWindowSize } from 'ink';
import { useMemo, useSyncExternalStore } from 'react';
import type { LiveKeyCommand, LiveStore, LiveViewModel } from '../src/live-view.ts';
import { Boundary } from './components/boundary.tsx';
import { PaintContext } from './components/line.tsx';
import { keyNames } from './keymap.ts';
import { frameEnd } from './live-frame-lines.ts';
import { liveCommandFor } from './live-keys.ts';
import { liveLayout } from './live-layout.ts';
import { FRAME_AROUND, LiveScreen } from './screens/live.tsx';

/** Moving scrolls where a frame is open, and only the screen knows how many lines there are. */
function scrolled(command: LiveKeyCommand, vm: LiveViewModel, columns: number, rows: number): LiveKeyCommand {
  if (command.do !== 'move' || vm.frame === null) return command;
  const end = frameEnd(vm.frame, columns, rows - FRAME_AROUND);
  return { do: 'scroll', to: Math.max(0, Math.min(end, Math.min(end, vm.scroll) + command.by)) };
}

function useKeys(store: LiveStore, columns: number, rows: number): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      try {
        for (const name of keyNames(input, key)) {
          const command = liveCommandFor(name);
          if (command) store.send(scrolled(command, store.getSnapshot(), columns, rows));
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
  useKeys(store, columns, rows);
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
