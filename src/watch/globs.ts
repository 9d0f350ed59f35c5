/** Which directories a glob can match files in, so that these are watched and no others. */
import { dirname, join, resolve } from 'node:path';
import type { WatchedDirectories } from './files.ts';

const MAGIC = /[*?[\]{}!]/;

/** `build/*.o` is one flat directory; a star in the directories, or two, make the part before them deep. */
export function globDirectory(root: string, glob: string): { readonly path: string; readonly deep: boolean } {
  const parts = glob.replace(/^\.\//, '').split('/');
  const first = parts.findIndex((part) => MAGIC.test(part));
  if (first < 0) return { path: dirname(resolve(root, glob)), deep: false };
  return { path: join(root, ...parts.slice(0, first)), deep: first < parts.length - 1 };
}

/** Everything to watch for globs and files: flat directories that lie in deep ones are left out. */
export function directoriesOf(root: string, globs: readonly string[], files: readonly string[]): WatchedDirectories {
  const found = globs.map((glob) => globDirectory(root, glob));
  const deep = [...new Set(found.filter((one) => one.deep).map((one) => one.path))];
  const covered = (path: string) => deep.some((top) => path === top || path.startsWith(`${top}/`));
  const flat = [...found.map((one) => one.path), ...files.map((file) => dirname(file))];
  return { flat: [...new Set(flat)].filter((path) => !covered(path)), deep };
}
