/** Whatever ends a process in the middle of a run in the kernel: no program, map, link, namespace, pin or process of it is left. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROG_TYPE, SINCE } from '../../engine/index.ts';
import { tryLiveFrames, tryProgType } from '../../src/backends/kernel/feature-progs.ts';
import { skipWithout } from '../../src/backends/kernel/release.ts';
import { ROOT, startCli } from '../support/cli.ts';
import { noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const bpftool = Bun.which('bpftool');
const SKIP = noKernel ?? (bpftool === null ? 'there is no bpftool' : null);
const noLive = SKIP ?? skipWithout('live frames', tryLiveFrames() !== false, SINCE.LIVE_FRAMES);
const extensions = SKIP === null && tryProgType(PROG_TYPE.EXT).loads === true;
const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-killed-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const PACKET = `hex:${'00'.repeat(64)}`;
const FOREVER = ['--data-in', PACKET, '--backend', 'kernel', '--repeat', '4294967295'];

/** What bpftool lists, by anybody. */
interface Listed {
  readonly id: number;
  readonly name?: string;
  readonly prog_id?: number;
}

function listed(what: 'prog' | 'map' | 'link'): Listed[] {
  const { stdout } = Bun.spawnSync([bpftool ?? 'bpftool', '-j', what, 'show']);
  return JSON.parse(stdout.toString()) as Listed[];
}

/** A copy of an object in which names are others, as long as before, that nobody else uses. */
function renamed(object: string, names: readonly string[]): { readonly path: string; readonly names: string[] } {
  let text = readFileSync(join(ROOT, 'fixtures', object), 'latin1');
  const others = names.map((name) => {
    const other = `k${crypto.randomUUID().replaceAll('-', '')}`.slice(0, name.length);
    text = text.replaceAll(name, other);
    return other;
  });
  const path = join(dir, `${others[0]}.o`);
  writeFileSync(path, text, 'latin1');
  return { path, names: others };
}

/** Programs and maps of these names, and links of such programs. */
function objectsNamed(names: readonly string[]): string[] {
  const isOurs = ({ name }: Listed) => name !== undefined && names.includes(name);
  const programs = listed('prog').filter(isOurs);
  const ids = programs.map(({ id }) => id);
  const links = listed('link').filter(({ prog_id }) => prog_id !== undefined && ids.includes(prog_id));
  return [
    ...programs.map(({ name }) => `program ${name}`),
    ...listed('map')
      .filter(isOurs)
      .map(({ name }) => `map ${name}`),
    ...links.map(() => 'link'),
  ].sort();
}

/** Processes and all below them. */
function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [[Number(name), Number(parent)] as const];
      } catch {
        return [];
      }
    });
  const below = (one: number): number[] => [one, ...parents.flatMap(([child, up]) => (up === one ? below(child) : []))];
  return below(pid).filter((one) => parents.some(([known]) => known === one));
}

/** What something in /proc names, for each of its entries; those that are gone meanwhile have none. */
function entriesOf<T>(folder: string, read: (path: string) => T): T[] {
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        return [read(join(folder, name))];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Network namespaces that a process is in or has open: `net:[4026531840]`. */
function namespacesOf(pid: number): string[] {
  const links = [`/proc/${pid}/ns`, `/proc/${pid}/fd`].flatMap((folder) =>
    entriesOf(folder, (one) => readlinkSync(one)),
  );
  return links.filter((link) => link.startsWith('net:['));
}

/** Where a namespace outlives its processes: names, and mounts of nsfs anywhere. */
function keptNamespaces(): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  return mounts.filter((line) => line.includes(' - nsfs ')).join('\n');
}

/** Programs, maps and links that a process has open, as `prog 12`. */
function openIn(pid: number): string[] {
  const infos = entriesOf(`/proc/${pid}/fdinfo`, (path) => readFileSync(path, 'latin1'));
  return infos.flatMap((info) =>
    (['prog', 'map', 'link'] as const).flatMap((what) => {
      // A link's says which program it is of, too.
      const id = new RegExp(`^${what}_id:\\s*(\\d+)$`, 'm').exec(info)?.[1];
      return id === undefined ? [] : [`${what} ${id}`];
    }),
  );
}

function inKernel(): Set<string> {
  return new Set((['prog', 'map', 'link'] as const).flatMap((what) => listed(what).map(({ id }) => `${what} ${id}`)));
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1000) throw new Error(`never: ${what}`);
    await Bun.sleep(20);
  }
}

type Running = ReturnType<typeof startCli>;
/** How a run ends, and the exit code, where it has one. */
const ENDINGS: Readonly<Record<string, (process: Running) => void>> = {
  SIGKILL: (process) => process.kill('SIGKILL'),
  SIGINT: (process) => process.kill('SIGINT'),
  SIGTERM: (process) => process.kill('SIGTERM'),
  'SIGKILL of the child that asks the kernel': (running) => {
    const [child] = family(running.pid).slice(1);
    process.kill(child!, 'SIGKILL');
  },
};

/** Ends a process once `names` are in the kernel, and looks for what is left of it. Gives the namespaces that were its own. */
async function endInTheMiddle(running: Running, names: readonly string[], expected: string[], end: () => void) {
  await until(() => objectsNamed(names).length >= expected.length, `${expected.join(', ')} in the kernel`);
  expect(objectsNamed(names)).toEqual(expected);
  const processes = family(running.pid);
  const held = processes.flatMap(openIn);
  expect(held.length).toBeGreaterThanOrEqual(expected.length);
  const mine = namespacesOf(process.pid);
  const namespaces = processes.flatMap(namespacesOf).filter((one) => !mine.includes(one));
  const pins = readdirSync('/sys/fs/bpf');
  end();
  await running.exited;
  const none = () => {
    const there = inKernel();
    return held.every((one) => !there.has(one));
  };
  await until(() => objectsNamed(names).length === 0 && none(), 'nothing left in the kernel');
  await until(() => processes.every((pid) => !family(pid).includes(pid)), 'no process left');
  for (const namespace of namespaces) expect(keptNamespaces()).not.toContain(namespace);
  expect(readdirSync('/sys/fs/bpf').filter((name) => !pins.includes(name))).toEqual([]);
  return [...new Set(namespaces)];
}

const MAPS = ['by_protocol', 'totals', 'answers'];
const COUNT = ['count_in_place', ...MAPS];
const HELD = (names: readonly string[]) => [
  ...names.slice(1).map((name) => `map ${name}`),
  `program ${names[0]!.slice(0, 15)}`,
];

describe.skipIf(SKIP !== null)(`ended in the middle${SKIP === null ? '' : ` (skipped: ${SKIP})`}`, () => {
  for (const [how, end] of Object.entries(ENDINGS)) {
    test(`a run with maps, by ${how}`, async () => {
      const { path, names } = renamed('objects/map-array/map-array.bpf.o', COUNT);
      const running = startCli(['run', path, names[0]!, ...FOREVER]);
      await endInTheMiddle(running, names, HELD(names).sort(), () => end(running));
      if (how === 'SIGINT') expect(running.exitCode).toBe(130);
    }, 180_000);
  }

  test('a run with maps, by an error that nobody catches', async () => {
    const { path, names } = renamed('objects/map-array/map-array.bpf.o', COUNT);
    const script = join(import.meta.dir, '../support/kernel-crash-child.ts');
    const stdio = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const;
    const running = Bun.spawn([process.execPath, script, path, names[0]!], stdio);
    const end = () => {
      running.stdin.write('planted\n');
      running.stdin.flush();
    };
    await endInTheMiddle(running as unknown as Running, names, HELD(names).sort(), end);
    expect(running.exitCode).toBe(1);
    expect(await new Response(running.stderr).text()).toContain('error: planted');
  }, 180_000);

  for (const how of ['SIGKILL', 'SIGTERM', 'SIGKILL of the child that asks the kernel'] as const) {
    test.skipIf(noLive !== null)(
      `live frames through devices of its own, by ${how}${skipText(noLive)}`,
      async () => {
        const { path, names } = renamed('prog-run/xdp-live/xdp-live.bpf.o', ['scripted', 'seen_by_run']);
        const devices = ['--dev', 'veth0:peer_xdp=drop', '--dev', 'veth1'];
        const args = ['live', path, names[0]!, '--data-in', PACKET, ...devices, '--backend', 'kernel'];
        const running = startCli([...args, '--repeat', 'forever']);
        const expected = [`map ${names[1]}`, `program ${names[0]}`];
        const namespaces = await endInTheMiddle(running, names, expected, () => ENDINGS[how]!(running));
        expect(namespaces.length).toBeGreaterThan(0);
      },
      180_000,
    );
  }

  test.skipIf(!extensions)(
    `a function replaced by another object's program, by SIGKILL${extensions ? '' : ' (skipped: freplace is not permitted here)'}`,
    async () => {
      const target = renamed('loader/extended.bpf.o', ['dispatch']);
      const extension = renamed('loader/extension.bpf.o', ['instead']);
      const names = [...target.names, ...extension.names];
      const running = startCli(['run', target.path, target.names[0]!, '--with', extension.path, ...FOREVER]);
      const expected = ['link', ...names.map((name) => `program ${name}`)].sort();
      await endInTheMiddle(running, names, expected, () => running.kill('SIGKILL'));
    },
    180_000,
  );
});
