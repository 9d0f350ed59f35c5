/** Makes the pictures of docs/ from real runs: `bun run pictures`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN, ProjectCopy, ROOT, withReturn } from '../support/balancer-copy.ts';
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

/** The load balancer as it would be after a change that drops what it should pass. */
async function breakBalancer(screen: TerminalRun, project: ProjectCopy): Promise<void> {
  await screen.until('72 passed');
  project.replace('build/l4lb.o', withReturn(project.read('build/l4lb.o'), 2, 1));
  await screen.until('✗ FAIL');
}

const PICTURES: readonly Picture[] = [
  {
    name: 'watch',
    title: 'bpfdeck watch: a rebuilt load balancer drops what it should pass',
    columns: 110,
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
      await screen.until(/- expected\s+\+ received/);
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
