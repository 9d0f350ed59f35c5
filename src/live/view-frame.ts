/** A frame that was looked at, for the screen: what became of it, the line that settled it, its headers and bytes before and after. */
import { errnoName, type ObjectSpec, PROG_TYPE, type TraceEvent } from '../../engine/index.ts';
import { retvalText } from '../format/verdicts.ts';
import { comparePackets, type PacketPane } from '../view/packet.ts';
import { type Line, type PaneLine, span } from '../view/text.ts';
import { explain } from '../why/explain.ts';
import type { Why } from '../why/types.ts';
import { whole } from './format.ts';
import type { LiveDeviceInfo, LiveFound } from './types.ts';

export interface FrameView {
  readonly title: string;
  readonly note: string;
  /** What became of it and why, the most telling first. */
  readonly lines: readonly PaneLine[];
  readonly packet: PacketPane;
}

function texts(...text: Line): PaneLine {
  return { text };
}

const CALLS_SHOWN = 4;
/** Its map_id of a redirect by ifindex. */
const NO_MAP = 0x7fffffff;
/** Told of pages, not of frames. */
const PAGES = /^(page_pool|mem_)/;

function nameOf(devices: readonly LiveDeviceInfo[], ifindex: number): string {
  return devices.find((one) => one.netns === 'near' && one.ifindex === ifindex)?.name ?? '';
}

/** `xdp_redirect_err  ENETDOWN (-100)  ifindex=2 to_ifindex=3 (veth1) …` */
function eventLine({ name, code, fields }: TraceEvent, devices: readonly LiveDeviceInfo[]): Line {
  const isErrno = name.startsWith('xdp_') && name !== 'xdp_exception';
  const bad = code !== 0 || (fields.drops ?? 0) > 0;
  const what = code === 0 ? '' : isErrno ? `${errnoName(code)} (-${code})  ` : `${retvalText(PROG_TYPE.XDP, code)}  `;
  const told = Object.entries(fields).map(([field, value]) => {
    if (field === 'map_id' && value === NO_MAP) return 'map_id=none';
    const device = field.endsWith('ifindex') ? nameOf(devices, value) : '';
    return `${field}=${value}${device === '' ? '' : ` (${device})`}`;
  });
  const reason = name === 'kfree_skb' ? '' : what;
  return [span(`${name}  `, bad ? 'bad' : 'info'), span(reason, 'bad'), span(told.join(' '), 'dim')];
}

function sourceLines({ returned, source, decisive }: Why, verdict: number | null): PaneLine[] {
  if (returned === null) return [];
  const did = verdict === null ? 'stopped' : 'returned';
  if (returned.file === '') {
    return [texts(span(`${did} at insn ${returned.insn}`), span('  no source lines: compile with -g', 'warn'))];
  }
  const head = texts(span(`${did} at ${returned.file}:${returned.line}`), span(` (insn ${returned.insn})`, 'dim'));
  const width = String(source.at(-1)?.line ?? 0).length;
  const code = source.map((one): PaneLine => {
    const gutter = `${one.returned ? '▸' : ' '} ${String(one.line).padStart(width)} │ `;
    const tag = one.returned ? 'strong' : one.executed ? 'plain' : 'dim';
    return { text: [span(gutter, one.returned ? 'bad' : 'dim'), span(one.text, tag)], code: true };
  });
  const because =
    decisive === null
      ? []
      : [
          texts(
            span('because  ', 'dim'),
            span(`${decisive.condition}  ${decisive.taken ? 'taken' : 'not taken'}`, 'warn'),
          ),
        ];
  return [head, ...code, ...because];
}

function callLines({ calls, note }: Why): PaneLine[] {
  const shown = calls.slice(-CALLS_SHOWN).map(({ said, failed }): PaneLine => {
    return texts(span(failed ? '! ' : '· ', failed ? 'warn' : 'dim'), span(said));
  });
  return note === '' ? shown : [...shown, texts(span(note, 'warn'))];
}

/** The sentence that names the loss, in front of what mends it. */
export interface Named {
  readonly sentence: string;
  readonly mend: string;
}

function headLines(found: LiveFound, named: Named | null): PaneLine[] {
  const { verdict, fault, hit, tried } = found;
  if (fault !== null) return [texts(span(`fault: ${fault.kind}, ${fault.message}`, 'bad'))];
  const end = texts(span(retvalText(PROG_TYPE.XDP, verdict ?? 0), 'strong'));
  if (hit) {
    if (named === null) return [end];
    return [end, texts(span(named.sentence)), texts(span('→ ', 'accent'), span(named.mend, 'strong'))];
  }
  const came = `${whole(tried)} frame${tried === 1 ? '' : 's'} run one by one came through: that loss takes whole batches`;
  return [end, texts(span('not lost  ', 'warn'), span(came))];
}

export function frameView(
  found: LiveFound,
  spec: ObjectSpec,
  devices: readonly LiveDeviceInfo[],
  named: Named | null,
): FrameView {
  const { frame, data, data_after, tried, trace, verdict, events } = found;
  const why = explain({ spec, type: PROG_TYPE.XDP, trace, data_in: data });
  const told = events.filter(({ name }) => !PAGES.test(name)).map((event) => texts(...eventLine(event, devices)));
  return {
    title: `Frame ${whole(frame + 1)}`,
    note: tried === 1 ? 'the next one that was run' : `found after ${whole(tried)} frames run one by one`,
    lines: [...headLines(found, named), ...told, ...sourceLines(why, verdict), ...callLines(why)],
    packet: comparePackets({ bytes: data, title: 'before' }, { bytes: data_after, title: 'after' }, false),
  };
}
