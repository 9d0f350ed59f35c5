/** Puts the app on the terminal's alternate screen and takes it off again. */
import { render } from 'ink';
import type { LiveStore } from '../src/live-view.ts';
import type { Screen, Store } from '../src/view.ts';
import { App } from './app.tsx';
import { LiveApp } from './live/app.tsx';

/** A frame at once for whatever changes: verdicts should not wait for the clock of an animation. */
const MAX_FPS = 120;

/** The command line settles FORCE_COLOR before the screen is loaded. */
function hasColour(): boolean {
  return process.env.FORCE_COLOR !== '0' && (process.env.NO_COLOR ?? '') === '';
}

/**
 * Before anything is drawn: what is typed meanwhile would be echoed into the screen, and Ink stops that only after its first frame.
 * What was echoed before has moved the cursor, from where the first frame would begin.
 */
function quietKeys(): void {
  if (!process.stdin.isTTY) return;
  process.stdin.setRawMode(true);
  process.stdout.write('\r');
}

export function mount(store: Store | LiveStore): Screen {
  quietKeys();
  const isLive = 'kind' in store;
  const root = isLive ? <LiveApp store={store} colour={hasColour()} /> : <App store={store} colour={hasColour()} />;
  const app = render(root, {
    // What a screen reader says must stay: it is read from the lines as they come.
    alternateScreen: process.env.INK_SCREEN_READER !== 'true',
    exitOnCtrlC: false,
    patchConsole: false,
    incrementalRendering: true,
    interactive: true,
    maxFps: MAX_FPS,
  });
  return {
    close: async () => {
      app.unmount();
      await app.waitUntilExit();
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
    },
  };
}
