/** The panes of an open live case: the first captured frame that differs, what was counted, and why frames were lost. */
import type { LiveOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { comparePackets, onePacket, type PacketPane } from './packet.ts';
import { type PaneLine, span, type TextPane } from './text.ts';

/** The frame against what was expected of it, else against what was sent. */
export function livePacketPane({ data_in }: SettledCase, { frame }: LiveOutcome): PacketPane | null {
  if (frame === null) return data_in ? onePacket({ bytes: data_in, title: 'SENT' }) : null;
  const right = { bytes: frame.received, title: `CAPTURED ${frame.at}` };
  if (frame.expected) return comparePackets({ bytes: frame.expected, title: 'EXPECTED' }, right, true);
  return data_in ? comparePackets({ bytes: data_in, title: 'SENT' }, right, false) : onePacket(right);
}

const COUNTERS = ['xdp_xmit', 'xdp_xmit_drops', 'rx_packets', 'tx_packets'] as const;

function deviceLines({ report }: LiveOutcome): PaneLine[] {
  return report.devices.flatMap((dev): PaneLine[] => {
    const counts = COUNTERS.filter((name) => dev[name] > 0).map(
      (name) => `${dev[name].toLocaleString('en-US')} ${name}`,
    );
    if (counts.length === 0) return [];
    const text = `${dev.up ? '' : 'down  '}${counts.join(' · ')}`;
    return [{ text: [span(dev.name.padEnd(16), 'strong'), span(text)], spare: 1 }];
  });
}

/** Counts by device, then every loss that nobody asked for with its mend. */
export function liveCountsPane(live: LiveOutcome): TextPane {
  const lost = live.lost.flatMap(({ sentence, mend }): PaneLine[] => [
    { text: [span(sentence, 'bad')] },
    { text: [span('→ ', 'dim'), span(mend, 'strong')] },
  ]);
  const lines = [{ text: [span(live.summary)] }, ...lost, ...deviceLines(live)];
  return { title: 'Frames', note: '', lines, bad: lost.length > 0 };
}
