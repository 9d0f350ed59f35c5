/** The command line that runs a case once, as a shell takes it: what the screen shows for `@`. */
import { relative } from 'node:path';
import { liveOptions } from './live/words.ts';
import { toHex } from './packet/hex.ts';
import type { SettledCase } from './test-case.ts';

/** Bytes as `{hex}`, integers beyond 2^53 as text: what presets and contexts read alike. */
function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_name, one: unknown) => {
    if (one instanceof Uint8Array) return { hex: toHex(one) };
    if (typeof one !== 'bigint') return one;
    return Number.isSafeInteger(Number(one)) ? Number(one) : String(one);
  });
}

const SAFE = /^[\w@%+=:,./-]+$/;

/** One word for a shell. */
export function quoted(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function option(name: string, value: string | number | bigint | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, String(value)];
}

function envOptions(one: SettledCase): string[] {
  const { time_ns, seed, cpus } = one.env;
  return [...option('time', time_ns), ...option('seed', seed), ...option('cpus', cpus)];
}

function contextOption(one: SettledCase): string[] {
  const context = one.ctx_in;
  if (!context) return [];
  if (context instanceof Uint8Array) return ['--ctx-in', `hex:${toHex(context)}`];
  return ['--ctx-in', `json:${jsonLine(context.json)}`];
}

/** `bpfdeck run …` with everything that the case's first run is given. */
export function runCommand(one: SettledCase, cwd: string): string[] {
  return [
    ...['bpfdeck', 'run', relative(cwd, one.object) || one.object, one.program],
    ...option('type', one.type ?? undefined),
    ...(one.data_in ? ['--data-in', `hex:${toHex(one.data_in)}`] : []),
    ...contextOption(one),
    ...one.presets.flatMap(({ map, content }) => ['--map', `${map}=json:${jsonLine(content)}`]),
    ...envOptions(one),
    ...option('repeat', one.repeat > 0 ? one.repeat : undefined),
    ...option('flags', one.flags > 0 ? one.flags : undefined),
    ...option('budget', one.budget ?? undefined),
  ];
}

/** Of a live case: its namespace has devices alone, of which `--dev` says everything. */
function isPlain({ live, netns }: SettledCase): boolean {
  const rest = Object.keys(netns ?? {}).filter((name) => name !== 'devices');
  const devices = netns?.devices ?? [];
  return live !== undefined && rest.length === 0 && devices.every(({ mac, addresses }) => !mac && !addresses);
}

/** `bpfdeck live …`: frames like the case's packet, through its devices or else one pair whose far end drops them. */
export function liveCommand(one: SettledCase, cwd: string): string[] {
  const netns = one.netns ? ['--netns', `json:${jsonLine(one.netns)}`] : [];
  const pair = one.netns ? [] : ['--dev', 'veth0:peer_xdp=drop'];
  return [
    ...['bpfdeck', 'live', relative(cwd, one.object) || one.object, one.program],
    ...(one.data_in ? ['--data-in', `hex:${toHex(one.data_in)}`] : []),
    ...contextOption(one),
    ...(isPlain(one) ? [] : netns),
    ...(one.live ? liveOptions(one.live, cwd) : pair),
    ...one.presets.flatMap(({ map, content }) => ['--map', `${map}=json:${jsonLine(content)}`]),
    ...option('cpus', one.env.cpus),
  ];
}

/** A live case by itself: as many frames through the same devices. */
export function liveCaseCommand(one: SettledCase, cwd: string): string[] {
  return [...liveCommand(one, cwd), '--repeat', String(Math.max(1, one.repeat))];
}

/** `bpfdeck test 'name of the case'`. */
export function testCommand(one: SettledCase): string[] {
  return ['bpfdeck', 'test', one.id];
}

export function commandText(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}
