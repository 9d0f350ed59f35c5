/** Makes the pictures of docs/ from real runs: `bun run pictures`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN, ProjectCopy, ROOT, withConstant } from '../support/balancer-copy.ts';
import { screenSvg } from '../support/screen-svg.ts';
import { KEY, TerminalRun } from '../support/terminal.ts';

const DOCS = join(ROOT, 'docs');

interface Picture {
  readonly name: string;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** Default watch. */
  readonly command?: string;
  readonly args: readonly string[];
  /** Brings the screen to what is to be seen. */
  readonly pose: (screen: TerminalRun, project: ProjectCopy) => Promise<void>;
}

/** IPv4's TTL and protocol as the balancer writes them in one store: 64 and IPPROTO_IPIP, then 63. */
const OUTER_IPV4 = 0x0440;
const OUTER_IPV4_WRONG = 0x043f;

/** A key that there is once the source file was found. */
const SOURCE = 'E source';

/** The load balancer after a change that writes another TTL into the outer header. */
async function breakBalancer(screen: TerminalRun, project: ProjectCopy): Promise<void> {
  const good = project.read('build/l4lb.o');
  await screen.until('73 passed');
  project.replace('build/filter.o', project.read('build/filter.o'));
  await screen.until(/run 2 [\s\S]*PASS/);
  project.replace('build/l4lb.o', withConstant(good, OUTER_IPV4, OUTER_IPV4_WRONG));
  await screen.until(/run 3 [\s\S]*FAIL/);
  await screen.until(/\d+ newly failing/);
  await screen.until(SOURCE);
}

const LIVE = join(ROOT, 'fixtures/prog-run/xdp-live/xdp-live.bpf.o');
/** A frame of a protocol that nobody handles. */
const LIVE_PACKET = `hex:ffffffffffff02000000000188b5${'00'.repeat(50)}`;
/** Five of eight frames leave by XDP_TX, one each is passed, dropped, and redirected to nowhere. */
const LIVE_GLOBALS = '.bss=json:{"verdicts":[3,3,3,2,3,1,3,4],"verdict_count":8}';

/** Full speed, then a slower rate, then a link that goes down. */
async function breakLink(screen: TerminalRun): Promise<void> {
  const after = (seconds: number) => screen.until((text) => uptime(text) >= seconds);
  await after(12);
  screen.type('-');
  await after(20);
  screen.type('l');
  await screen.until('ENETDOWN');
  await after(23);
}

/** Seconds that a live run is up. */
function uptime(text: string): number {
  const [, minutes, seconds] = /00:(\d\d):(\d\d)/.exec(text) ?? [];
  return Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}

const PICTURES: readonly Picture[] = [
  {
    name: 'live',
    title: 'bpfdeck live: an XDP program sends frames through a veth pair whose near end just went down',
    columns: 100,
    rows: 30,
    command: 'live',
    args: [
      ...[LIVE, 'scripted', '--data-in', LIVE_PACKET, '--map', LIVE_GLOBALS, '--rate', '500000'],
      ...['--dev', 'veth0:peer_xdp=drop', '--dev', 'veth1:peer_xdp=pass'],
    ],
    pose: breakLink,
  },
  {
    name: 'watch',
    title: 'bpfdeck watch: a rebuilt load balancer writes another TTL into its tunnel',
    columns: 100,
    rows: 30,
    args: [],
    pose: breakBalancer,
  },
  {
    name: 'failure',
    title: 'bpfdeck watch: the detail of a failing case, packet by header field and byte by byte',
    columns: 100,
    rows: 48,
    args: ['--config', 'failing.config.ts'],
    pose: async (screen) => {
      await screen.until('2 failed');
      screen.type(KEY.enter);
      await screen.until(/EXPECTED \d+ B\s+RECEIVED/);
      await screen.until('Returned here');
      await screen.until(SOURCE);
    },
  },
  {
    name: 'run',
    title: 'bpfdeck watch: one program run by hand with the packet of a case',
    columns: 100,
    rows: 44,
    args: [],
    pose: async (screen) => {
      await screen.until('73 passed');
      screen.type('/a new TCP flow');
      await screen.until('1 line');
      screen.type(`${KEY.enter}3`);
      await screen.until('case: a new TCP flow');
      screen.type(KEY.enter);
      await screen.until('✓ XDP_TX (3)');
      await screen.until(SOURCE);
    },
  },
];

async function take(picture: Picture): Promise<void> {
  const { name, title, columns, rows, command = 'watch', args, pose } = picture;
  const project = new ProjectCopy('balancer');
  const screen = new TerminalRun([process.execPath, MAIN, command, ...args], { cwd: project.root, columns, rows });
  try {
    await pose(screen, project);
    writeFileSync(join(DOCS, `${name}.svg`), screenSvg(screen.screen, title));
    console.log(`docs/${name}.svg`);
  } finally {
    screen.type('q');
    await screen.end();
    project.remove();
  }
}

mkdirSync(DOCS, { recursive: true });
// Names on the command line: only these.
const wanted = process.argv.slice(2);
for (const picture of PICTURES) if (wanted.length === 0 || wanted.includes(picture.name)) await take(picture);
