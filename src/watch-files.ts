/** Watches directories and tells at once which paths may have changed; what really changed is told by the files' signatures. */
import { type BigIntStats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
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

/** Keeps two chokidar watchers, one per depth, on the directories asked for last. */
export class FileWatcher {
  private readonly options: FileWatcherOptions;
  private readonly watchers: { flat: FSWatcher | null; deep: FSWatcher | null } = { flat: null, deep: null };
  private readonly added = { flat: new Set<string>(), deep: new Set<string>() };

  constructor(options: FileWatcherOptions) {
    this.options = options;
  }

  /** Adds what is not watched yet. Directories that are gone stay watched: they may come back. Resolves when all are. */
  async watch(directories: WatchedDirectories): Promise<void> {
    await Promise.all([this.add('flat', directories.flat), this.add('deep', directories.deep)]);
  }

  async close(): Promise<void> {
    await Promise.all([this.watchers.flat?.close(), this.watchers.deep?.close()]);
  }

  private async add(kind: 'flat' | 'deep', directories: readonly string[]): Promise<void> {
    const fresh = directories.filter((path) => !this.added[kind].has(path));
    if (fresh.length === 0) return;
    for (const path of fresh) this.added[kind].add(path);
    const known = this.watchers[kind];
    if (known) {
      known.add(fresh);
      return;
    }
    const made = this.make(kind, fresh);
    this.watchers[kind] = made;
    await new Promise<void>((resolve) => {
      made.once('ready', resolve);
    });
  }

  private make(kind: 'flat' | 'deep', directories: string[]): FSWatcher {
    const { poll, hint, error } = this.options;
    const made = watch(directories, {
      ignoreInitial: true,
      ignored: isIgnored,
      ignorePermissionErrors: true,
      atomic: false,
      ...(kind === 'flat' ? { depth: 0 } : {}),
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
