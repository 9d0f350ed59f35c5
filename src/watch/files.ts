/** Watches directories and tells at once which paths may have changed; what really changed is told by the files' signatures. */
import { type BigIntStats, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

/** Directories to watch: `flat` by themselves, `deep` with everything below. */
export interface WatchedDirectories {
  readonly flat: readonly string[];
  readonly deep: readonly string[];
}

export interface FileWatcherOptions {
  /** Ask the file system again and again, for network file systems and containers. */
  readonly poll: boolean;
  /** A path that may have changed; null: anything may have. Comes more than once for one change. */
  readonly hint: (path: string | null) => void;
  readonly error: (error: unknown) => void;
}

const POLL_INTERVAL_MS = 100;
/** What compilers write before they rename it to its name, and what is never ours. */
const IGNORED = /\.tmp$|\.temp-stream-[^/\\]*$|[/\\](node_modules|\.git)([/\\]|$)|~$|\.sw[a-z]$/;

export function isIgnored(path: string): boolean {
  return IGNORED.test(path);
}

/** Keeps a chokidar watcher on the directories asked for so far. */
export class FileWatcher {
  private readonly options: FileWatcherOptions;
  private watcher: FSWatcher | null = null;
  private readonly flat = new Set<string>();
  private readonly deep = new Set<string>();
  private closed = false;

  constructor(options: FileWatcherOptions) {
    this.options = options;
  }

  /** Adds what is not watched yet. Directories that are gone stay watched: they may come back. Resolves when all are. */
  async watch({ flat, deep }: WatchedDirectories): Promise<void> {
    const fresh = [...flat.filter((path) => !this.flat.has(path)), ...deep.filter((path) => !this.deep.has(path))];
    if (fresh.length === 0 || this.closed) return;
    for (const path of flat) this.flat.add(path);
    for (const path of deep) this.deep.add(path);
    if (this.watcher) {
      this.watcher.add(fresh);
      return;
    }
    const made = this.make(fresh);
    this.watcher = made;
    await new Promise<void>((resolve) => {
      made.once('ready', resolve);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.watcher?.close();
  }

  /** chokidar's own `depth` loses a directory that is removed and made again, so that flat ones are a matter of ignoring. */
  private ignores(path: string): boolean {
    if (isIgnored(path)) return true;
    if (this.flat.has(path) || this.flat.has(dirname(path))) return false;
    for (const top of this.deep) if (path === top || path.startsWith(top + sep)) return false;
    return true;
  }

  private make(directories: string[]): FSWatcher {
    const { poll, hint, error } = this.options;
    const made = watch(directories, {
      ignoreInitial: true,
      ignored: (path, stats) => this.ignores(path) || (stats?.isDirectory() === true && this.isBelowFlat(path)),
      ignorePermissionErrors: true,
      atomic: false,
      ...(poll
        ? { backend: 'polling', pollingInterval: POLL_INTERVAL_MS, pollingBinaryInterval: POLL_INTERVAL_MS }
        : {}),
    });
    // The raw event comes straight from the system; the settled one makes up for what raw ones miss.
    made.on('raw', (_event, path, details) => hint(rawPath(path, details)));
    made.on('all', (_event, path) => hint(path));
    made.on('error', error);
    return made;
  }

  /** A directory that is only in a flat one, not watched itself. */
  private isBelowFlat(path: string): boolean {
    if (this.flat.has(path)) return false;
    for (const top of this.deep) if (path === top || path.startsWith(top + sep)) return false;
    return true;
  }
}

/** Raw events name a path relative to what is watched, or the watched path itself. */
function rawPath(path: string | null, details: unknown): string | null {
  const watched = (details as { watchedPath?: unknown } | null)?.watchedPath;
  if (typeof path !== 'string') return null;
  if (path.startsWith(sep) || typeof watched !== 'string') return path;
  return join(watched, path);
}

/** Changes whenever a file was written, replaced or removed ('' while it is not there). */
export function signature(path: string): string {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return '';
  }
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}` : '';
}
