/** The interface table of the live screen: what comes in, what the program does with it, what leaves, what is lost and WHY. */
import type { LiveReport } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import type { Tag } from '../view/text.ts';
import { compact } from './format.ts';
import { goesOn } from './recent.ts';
import { type LiveState, newest, type Shown } from './state.ts';
import { targetsOf } from './targets.ts';
import type { LiveDeviceInfo } from './types.ts';
import type { Loss } from './why.ts';

export interface InterfaceRow {
  readonly key: string;
  readonly name: string;
  readonly netns: string;
  readonly state: string;
  readonly rx: string;
  readonly pass: string;
  readonly drop: string;
  readonly tx: string;
  readonly redirect: string;
  readonly xmit: string;
  readonly err: string;
  readonly total_err: string;
  readonly why: string;
  /** With what mends it. */
  readonly why_long: string;
  /** Frames of the run come in here. */
  readonly ingress: boolean;
  readonly tag: Tag;
}

type Numbers = Readonly<Record<'rx' | 'pass' | 'drop' | 'tx' | 'redirect' | 'xmit' | 'err', number>>;

/** A device's part in a report; the frames of the run come in at the ingress device. */
function numbersOf(report: LiveReport, dev: LiveDeviceInfo, isIngress: boolean): Numbers {
  const found = report.devices.find((one) => one.netns === dev.netns && one.ifindex === dev.ifindex);
  const errors = report.tracepoints.filter(({ name }) => dev.netns === 'near' && name === 'xdp_redirect_err');
  const refused = errors
    .flatMap(targetsOf)
    .reduce((sum, { last, count }) => (last.to_ifindex === dev.ifindex ? sum + count : sum), 0);
  if (!found) return { rx: 0, pass: 0, drop: 0, tx: 0, redirect: 0, xmit: 0, err: refused };
  const { frames, verdicts } = report;
  const run = isIngress ? { frames, ...verdicts } : { frames: 0, pass: 0, drop: 0, tx: 0, redirect: 0 };
  return {
    rx: run.frames + found.rx_packets,
    pass: run.pass + found.xdp_pass,
    drop: run.drop + found.xdp_drops,
    tx: run.tx + found.xdp_tx,
    redirect: run.redirect + found.xdp_redirect,
    xmit: found.xdp_xmit,
    err: refused + found.xdp_xmit_drops + found.xdp_tx_err + found.xdp_redirect_err,
  };
}

/** The worst reason that blames the device, those that go on first; one that blames nobody belongs to where frames come in. */
function whyOf(state: LiveState, losses: readonly Loss[], dev: LiveDeviceInfo, isIngress: boolean): Loss | undefined {
  const mine = losses.filter(({ device, wanted }) => {
    if (wanted) return false;
    return device === null ? isIngress : device.netns === dev.netns && device.ifindex === dev.ifindex;
  });
  return mine.find((loss) => goesOn(state, loss)) ?? mine[0];
}

function rowOf(state: LiveState, shown: Shown, losses: readonly Loss[], dev: LiveDeviceInfo) {
  const total = newest(state)?.report;
  const isIngress = dev.netns === 'near' && dev.name === state.ingress;
  const zero = { rx: 0, pass: 0, drop: 0, tx: 0, redirect: 0, xmit: 0, err: 0 };
  const all = total ? numbersOf(total, dev, isIngress) : zero;
  const counts = shown.report ? numbersOf(shown.report, dev, isIngress) : zero;
  const up = total?.devices.find((one) => one.netns === dev.netns && one.ifindex === dev.ifindex)?.up ?? true;
  const loss = whyOf(state, losses, dev, isIngress);
  const isOver = loss !== undefined && !goesOn(state, loss);
  const why = loss === undefined ? '-' : isOver ? `was ${loss.word}` : loss.word;
  const full = state.fullRings.has(`${dev.netns} ${dev.ifindex}`);
  const text = (n: number) => compact(n / shown.per);
  const tag: Tag =
    !up || (shown.unit !== 'totals' && counts.err > 0) ? 'bad' : why === '-' || isOver ? 'plain' : 'warn';
  const row: InterfaceRow = {
    ...{
      key: `${dev.netns} ${dev.ifindex}`,
      name: plain(dev.name),
      netns: dev.netns,
      state: up ? (full ? 'full' : 'up') : 'DOWN',
    },
    ...{ rx: text(counts.rx), pass: text(counts.pass), drop: text(counts.drop), tx: text(counts.tx) },
    ...{ redirect: text(counts.redirect), xmit: text(counts.xmit), err: text(counts.err) },
    total_err: compact(all.err),
    ...{ why, why_long: loss === undefined || isOver ? why : plain(`${why}: ${loss.mend}`), tag, ingress: isIngress },
  };
  return { row, all };
}

/** In the order asked for; loopback only where frames are. */
export function interfaceRows(state: LiveState, shown: Shown, losses: readonly Loss[]): InterfaceRow[] {
  const made = state.request.network.devices
    .filter(({ type, name }) => type !== 'lo' || name === state.ingress)
    .map((dev) => rowOf(state, shown, losses, dev));
  if (state.sort === 'xmit') made.sort((a, b) => b.all.xmit - a.all.xmit);
  if (state.sort === 'errors') made.sort((a, b) => b.all.err - a.all.err);
  if (state.sort === 'name') made.sort((a, b) => a.row.name.localeCompare(b.row.name));
  return [...made.map(({ row }) => row), ...socketRows(state, shown)];
}

/** AF_XDP sockets, which take what is redirected to them. */
function socketRows(state: LiveState, shown: Shown): InterfaceRow[] {
  const nothing = { pass: '', drop: '', tx: '', redirect: '', xmit: '', err: '', total_err: '' };
  return (newest(state)?.report.xsk ?? []).map(({ map, key, queue }): InterfaceRow => {
    const counted = shown.report?.xsk.find((one) => one.map === map && one.key === key)?.received ?? 0;
    const name = plain(`${map}[${key}]`);
    return {
      ...{
        key: `xsk ${map} ${key}`,
        name,
        netns: 'xsk',
        state: `q${queue}`,
        rx: compact(counted / shown.per),
        ...nothing,
      },
      ...{ why: '-', why_long: '-', ingress: false, tag: 'plain' },
    };
  });
}
