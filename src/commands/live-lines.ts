/** `live` without a terminal: a line an interval in the words of xdp-bench, and a block of totals with what was lost and why. */
import type { Fault, LiveReport } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { errorsOf, type LiveInterval, xmitOf } from '../live/interval.ts';
import type { LiveEnd } from '../live/types.ts';
import { type LiveFacts, whyLost } from '../live/why.ts';
import type { LiveInput } from './live-job.ts';

const NAME_WIDTH = 15;
const CELL_WIDTH = 14;

const whole = (n: number): string => Math.round(n).toLocaleString('en-US');

function cell(n: number, unit: string): string {
  return `${whole(n).padStart(CELL_WIDTH)} ${unit}`;
}

/** `veth0    1,234,567 rx/s   0 redir/s   0 err,drop/s   1,234,567 xmit/s` */
export function intervalLine(name: string, { seconds, report }: LiveInterval): string {
  const { redirect, tx, drop } = report.verdicts;
  const each: readonly (readonly [number, string])[] = [
    [report.frames, 'rx/s'],
    [drop, 'drop/s'],
    [report.verdicts.pass, 'pass/s'],
    [redirect + tx, 'redir/s'],
    [errorsOf(report), 'err,drop/s'],
    [xmitOf(report), 'xmit/s'],
  ];
  return `${plain(name).padEnd(NAME_WIDTH)}${each.map(([n, unit]) => cell(n / seconds, unit)).join('')}\n`;
}

function verdictLines({ verdicts }: LiveReport): string[] {
  return Object.entries(verdicts)
    .filter(([, n]) => n > 0)
    .map(
      ([name, n]) => `  ${name === 'unknown' ? 'other' : `XDP_${name.toUpperCase()}`}`.padEnd(NAME_WIDTH) + cell(n, ''),
    );
}

function tracepointLines({ tracepoints }: LiveReport): string[] {
  return tracepoints.map(({ name, code, count }) => {
    const isErrno = name.startsWith('xdp_') && name !== 'xdp_exception' && code !== 0;
    const detail = code === 0 ? '' : isErrno ? ` ${errnoText(-code)}` : ` ${code}`;
    return `  ${(name + detail).padEnd(42)}${cell(count, '')}`;
  });
}

function deviceLines({ devices }: LiveReport): string[] {
  const busy = devices.filter(
    (dev) => dev.xdp_xmit + dev.xdp_xmit_drops + dev.rx_packets + dev.tx_packets + dev.rx_dropped > 0,
  );
  return busy.map(({ name, netns, up, xdp_xmit, xdp_xmit_drops, rx_packets, tx_packets }) => {
    const state = `${netns === 'far' ? 'far end, ' : ''}${up ? 'up' : 'DOWN'}`;
    const counts = [
      [xdp_xmit, 'xmit'],
      [xdp_xmit_drops, 'drop'],
      [rx_packets, 'rx'],
      [tx_packets, 'tx'],
    ] as const;
    return `  ${plain(name).padEnd(16)}${state.padEnd(12)}${counts.map(([n, unit]) => cell(n, unit)).join('')}`;
  });
}

function socketLines({ xsk }: LiveReport): string[] {
  return xsk.map(({ map, key, queue, received }) => {
    return `  ${plain(`${map}[${key}]`).padEnd(16)}${`queue ${queue}`.padEnd(12)}${cell(received, 'rx')}`;
  });
}

function lossLines(facts: LiveFacts, style: Style): string[] {
  const all = whyLost(facts);
  return all.flatMap(({ sentence, mend, wanted }) => {
    const line = `  ${plain(sentence)}`;
    return wanted ? [style.dim(line)] : [style.red(line), `    ${style.bold('→')} ${plain(mend)}`];
  });
}

function block(title: string, lines: readonly string[], style: Style): string {
  return lines.length === 0 ? '' : `${style.bold(title)}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function faultText({ kind, message, file, line, source }: Fault, style: Style): string {
  const at =
    file === undefined ? '' : `  at ${plain(file)}:${line}${source === '' ? '' : `  ${plain(source.trim())}`}\n`;
  return `${style.red(`fault: ${kind}`)} ${plain(message)}\n${at}`;
}

function plural(n: number, word: string): string {
  return `${whole(n)} ${word}${n === 1 ? '' : word === 'batch' ? 'es' : 's'}`;
}

/** All totals, for people. */
export function totals(input: LiveInput, end: LiveEnd, facts: LiveFacts, style: Style): string {
  const { report } = end.sample;
  const { page_pool, ns_per_frame } = report;
  const speed =
    ns_per_frame === 0 ? '' : ` · ${ns_per_frame.toFixed(1)} ns a frame · ${(1000 / ns_per_frame).toFixed(2)} Mpps`;
  const pool = Object.entries(page_pool).map(([name, n]) => `${whole(n)} ${name.replace('_', ' ')}`);
  return [
    `\n${style.bold(plain(input.request.program))} on ${plain(input.ingress)}: ${plural(report.frames, 'frame')} in ${plural(report.batches, 'batch')}${speed}\n`,
    block('Verdicts', verdictLines(report), style),
    block('Page pool', [`  ${pool.join(' · ')}`], style),
    block('Devices', deviceLines(report), style),
    block('AF_XDP sockets', socketLines(report), style),
    block('Tracepoints', tracepointLines(report), style),
    block('Lost', lossLines(facts, style), style),
    block(
      'printk',
      end.printk.slice(-10).map((line) => `  ${plain(line)}`),
      style,
    ),
    end.fault === null ? '' : faultText(end.fault, style),
    end.errno === 0 ? '' : `${style.red('ended')} ${errnoText(end.errno)}\n`,
  ].join('');
}
