/** The screen's door: opens it over a store. React and Ink are loaded only here, in their production builds. */
import type { Screen, Store } from '../src/view.ts';

export async function openScreen(store: Store): Promise<Screen> {
  process.env.NODE_ENV ??= 'production';
  const { mount } = await import('./mount.tsx');
  return mount(store);
}
