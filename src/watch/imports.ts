/** Which files a case file is made of: itself, and what it imports, directly or not, outside of node_modules. */
import { readFileSync } from 'node:fs';
import { dirname, sep } from 'node:path';

const NOT_OURS = `${sep}node_modules${sep}`;

function scan(file: string): string[] {
  try {
    const source = readFileSync(file, 'utf8');
    const loader = /\.tsx$/.test(file) ? 'tsx' : /\.(ts|mts|cts)$/.test(file) ? 'ts' : 'js';
    const found = new Bun.Transpiler({ loader }).scanImports(source);
    return found.map((one) => one.path).filter((path) => path.startsWith('.') || path.startsWith(sep));
  } catch {
    // A file with a mistake has no imports that can be known; it is watched all the same.
    return [];
  }
}

function target(from: string, specifier: string): string | null {
  try {
    const path = Bun.resolveSync(specifier, dirname(from));
    return path.includes(NOT_OURS) ? null : path;
  } catch {
    return null;
  }
}

/** Absolute paths, the file itself first. */
export function importClosure(file: string): string[] {
  const seen = new Set([file]);
  for (const at of seen) {
    for (const specifier of scan(at)) {
      const path = target(at, specifier);
      if (path !== null) seen.add(path);
    }
  }
  return [...seen];
}
