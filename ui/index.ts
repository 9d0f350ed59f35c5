/** The screen's door: opens it over a store. React and Ink are loaded only here, in their production builds. */
import { createRequire } from 'node:module';
import type { LiveStore } from '../src/live-view.ts';
import type { Screen, Store } from '../src/view.ts';

const require = createRequire(import.meta.url);

/**
 * Bun compiles JSX for development unless the tsconfig of the current directory says otherwise, and users run us anywhere;
 * React's production build leaves out the function that such code calls. Its first three arguments are jsx()'s.
 */
function completeRuntime(): void {
  const runtime: { jsxDEV?: unknown } = require('react/jsx-dev-runtime');
  const production: { jsx: unknown } = require('react/jsx-runtime');
  runtime.jsxDEV ??= (type: unknown, props: unknown, key: unknown) =>
    (production.jsx as (...args: unknown[]) => unknown)(type, props, key);
}

/** React decides by NODE_ENV when it is loaded; users' case files get it back as it was. */
async function loadForProduction() {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    completeRuntime();
    return await import('./mount.tsx');
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

let loading: ReturnType<typeof loadForProduction> | null = null;

/** Loads what openScreen() needs ahead of it, since that takes a while. */
export function load(): ReturnType<typeof loadForProduction> {
  loading ??= loadForProduction();
  return loading;
}

export async function openScreen(store: Store | LiveStore): Promise<Screen> {
  return (await load()).mount(store);
}
