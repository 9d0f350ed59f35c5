/** The screen's door: opens it over a store. React and Ink are loaded only here, in their production builds. */
import type { Screen, Store } from '../src/view.ts';

/** React decides by NODE_ENV when it is loaded; users' case files get it back as it was. */
export async function openScreen(store: Store): Promise<Screen> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    const { mount } = await import('./mount.tsx');
    return mount(store);
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}
