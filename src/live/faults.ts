/** Faults on purpose from `--fault`: links that go down or up, rings that fill, pages that are not to be had, each at an exact frame. */
import type { LiveFaults } from '../../engine/index.ts';
import { parseCount } from '../args.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { LiveDeviceInfo } from './types.ts';

const KINDS = ['down', 'up', 'full', 'drains', 'page', 'alloc'] as const;
type Kind = (typeof KINDS)[number];

const FRAMES_MAX = Number.MAX_SAFE_INTEGER;

function split(text: string): { kind: Kind; value: string } {
  const at = text.indexOf('=');
  const said = at < 0 ? text : text.slice(0, at);
  const kind = KINDS.find((one) => one === said);
  if (kind === undefined)
    throw new InputError(
      `--fault: there is no fault ${said}${didYouMean(said, KINDS) || `: one of ${KINDS.join(', ')}`}`,
    );
  if (at < 0) throw new InputError(`--fault ${kind}: write ${kind === 'page' ? 'page=FRAME' : `${kind}=…`}`);
  return { kind, value: text.slice(at + 1) };
}

/** `DEVICE@FRAME`, frames from 0. */
function place(kind: Kind, value: string, devices: readonly LiveDeviceInfo[]) {
  const at = value.lastIndexOf('@');
  if (at <= 0) throw new InputError(`--fault ${kind}=${value}: write ${kind}=DEVICE@FRAME`);
  const name = value.slice(0, at);
  const dev = devices.find((one) => one.name === name);
  if (dev === undefined) {
    const names = devices.map((one) => one.name);
    const hint = didYouMean(name, names) || `: one of ${names.join(', ')}`;
    throw new InputError(`--fault ${kind}: there is no device ${name}${hint}`);
  }
  const at_frame = parseCount(value.slice(at + 1), `--fault ${kind}: the frame`, 0, FRAMES_MAX);
  return { dev, at_frame };
}

/** The ring of a device is at the other end: what is sent through it waits there. */
function ringOf({ dev, at_frame }: ReturnType<typeof place>, full: boolean) {
  if (dev.peer === null)
    throw new InputError(`--fault ${full ? 'full' : 'drains'}: ${dev.name} is no veth and has no ring`);
  return { netns: dev.peer.netns, dev: dev.peer.ifindex, at_frame, full };
}

/** `down=veth1@1000`, `up=…`, `full=…`, `drains=…`, `page=300`, `alloc=2`. Undefined for none. Throws InputError. */
export function parseFaults(texts: readonly string[], devices: readonly LiveDeviceInfo[]): LiveFaults | undefined {
  if (texts.length === 0) return undefined;
  const alloc: number[] = [];
  const link: NonNullable<LiveFaults['link']>[number][] = [];
  const ring: NonNullable<LiveFaults['ring']>[number][] = [];
  let page: number | undefined;
  for (const { kind, value } of texts.map(split)) {
    if (kind === 'page') page = Math.min(page ?? Infinity, parseCount(value, '--fault page', 0, FRAMES_MAX));
    else if (kind === 'alloc') alloc.push(parseCount(value, '--fault alloc', 0, FRAMES_MAX));
    else {
      const { dev, at_frame } = place(kind, value, devices);
      if (kind === 'down' || kind === 'up')
        link.push({ netns: dev.netns, dev: dev.ifindex, at_frame, up: kind === 'up' });
      else ring.push(ringOf({ dev, at_frame }, kind === 'full'));
    }
  }
  return { alloc, link, ring, ...(page === undefined ? {} : { page_at_frame: page }) };
}
