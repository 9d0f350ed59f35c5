/** Puts the app on the terminal's alternate screen and takes it off again. */
import { render } from 'ink';
import type { LiveStore } from '../src/live-view.ts';
import type { Screen, Store } from '../src/view.ts';
import { App } from './app.tsx';
import { LiveApp } from './live-app.tsx';

/** A frame at once for whatever changes: verdicts should not wait for the clock of an animation. */
const MAX_FPS = 120;

/** The command line settles FORCE_COLOR before the screen is loaded. */
function hasColour(): boolean {
  return process.env.FORCE_COLOR !== '0' && (process.env.NO_COLOR ?? '') === '';
}

export function mount(store: Store | LiveStore): Screen {
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
    },
  };
}
