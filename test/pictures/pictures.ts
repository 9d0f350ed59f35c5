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
  readonly args: readonly string[];
  /** Brings the screen to what is to be seen. */
  readonly pose: (screen: TerminalRun, project: ProjectCopy) => Promise<void>;
}

/** IPv6's next header and hop limit as the balancer writes them in one store: IPPROTO_IPV6 and 64, then 63. */
const OUTER_IPV6 = 0x4029;
const OUTER_IPV6_WRONG = 0x3f29;

/** The load balancer after a change that writes another hop limit into the outer header. */
async function breakBalancer(screen: TerminalRun, project: ProjectCopy): Promise<void> {
  const good = project.read('build/l4lb.o');
  await screen.until('72 passed');
  project.replace('build/filter.o', project.read('build/filter.o'));
  await screen.until(/run 2 [\s\S]*PASS/);
  project.replace('build/l4lb.o', withConstant(good, OUTER_IPV6, OUTER_IPV6_WRONG));
  await screen.until(/run 3 [\s\S]*FAIL/);
  await screen.until(/1 newly failing/);
  await screen.until('returned at');
}

const PICTURES: readonly Picture[] = [
  {
    name: 'watch',
    title: 'bpfdeck watch: a rebuilt load balancer writes another hop limit into its tunnel',
    columns: 100,
    rows: 30,
    args: [],
    pose: breakBalancer,
  },
  {
    name: 'failure',
    title: 'bpfdeck watch: the detail of a failing case, packet by header field and byte by byte',
    columns: 100,
    rows: 34,
    args: ['--config', 'failing.config.ts'],
    pose: async (screen) => {
      await screen.until('2 failed');
      screen.type(KEY.enter);
      await screen.until(/EXPECTED \d+ B\s+RECEIVED/);
      await screen.until('Returned here');
    },
  },
  {
    name: 'run',
    title: 'bpfdeck watch: one program run by hand with the packet of a case',
    columns: 100,
    rows: 30,
    args: [],
    pose: async (screen) => {
      await screen.until('72 passed');
      screen.type('/a new TCP flow');
      await screen.until('1 line');
      screen.type(`${KEY.enter}3`);
      await screen.until('case: a new TCP flow');
      screen.type(KEY.enter);
      await screen.until(/✓ retval/);
    },
  },
];

async function take(picture: Picture): Promise<void> {
  const { name, title, columns, rows, args, pose } = picture;
  const project = new ProjectCopy('balancer');
  const screen = new TerminalRun([process.execPath, MAIN, 'watch', ...args], { cwd: project.root, columns, rows });
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
for (const picture of PICTURES) await take(picture);
