/** What the live screen costs its main thread at 100x30 and ten looks a second, on runs that lose frames and on those that do not. */
import { readFileSync } from 'node:fs';
import { MAIN, ROOT } from '../support/balancer-copy.ts';
import { TerminalRun } from '../support/terminal.ts';

/** Until the run goes on as it will. */
const WARM_UP_MS = 3000;
const PACKET = `hex:02000000000902000000000188b5${'00'.repeat(50)}`;
const DEVICES = ['--dev', 'veth0:peer_xdp=drop', '--dev', 'veth1:peer_xdp=drop,up=no', '--map', 'dm=json:{"0":3}'];
const RUNS: readonly (readonly [name: string, program: string, more: readonly string[]])[] = [
  ['TX, as fast as it goes', 'lv_tx', []],
  ['TX, 100,000 a second', 'lv_tx', ['--rate', '100000']],
  ['redirect that fails', 'lv_redir', []],
];

/** Nanoseconds that the first thread of a process was on a CPU. */
function cpuNs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]);
}

/** Prints CPU of that thread alone, in per cent of one. */
export async function screenRun(seconds: number): Promise<void> {
  for (const [name, program, more] of RUNS) {
    const args = ['live', `${ROOT}/fixtures/bench/b_live.bpf.o`, program, '--data-in', PACKET, ...DEVICES, ...more];
    const screen = new TerminalRun([process.execPath, MAIN, ...args], { columns: 100, rows: 30 });
    await screen.until('RUNNING');
    await Bun.sleep(WARM_UP_MS);
    const [cpu, began] = [cpuNs(screen.pid), performance.now()];
    await Bun.sleep(seconds * 1000);
    const percent = (cpuNs(screen.pid) - cpu) / ((performance.now() - began) * 1e4);
    console.log(`${name.padEnd(24)}${percent.toFixed(1).padStart(6)} % of a CPU`);
    screen.type('q');
    await screen.end();
  }
}
