/** Runs the cases of section 11 on the engine, in both forms of its loop, and on the kernel: every difference, in words. */
import { readFileSync } from 'node:fs';
import { type LoadedObject, type ProgRunResult, progRun } from '../../engine/index.ts';
import type { LoadedInKernel } from '../../src/backends/kernel/loaded.ts';
import { testRun } from '../../src/backends/kernel/run.ts';
import { toHex } from '../../src/packet/hex.ts';
import { type Compact, compact, comparable, countedOnly } from '../support/live/compact.ts';
import { loadLive, OBJECT, runOnEngine } from '../support/live/engine.ts';
import { LiveKernel } from '../support/live/kernel.ts';
import { load, XDP_TYPE } from '../support/live/kernel-netns.ts';
import type { ParamRow } from '../support/live/params.ts';
import type { Scenario } from '../support/live/scenario.ts';
import type { Verdict } from './judge.ts';
import type { LiveCase } from './live-rows.ts';

const RECORDED_FILE = new URL('../engine/run/xdp-live/kernel-live.txt', import.meta.url);

/** What the kernel made of each scenario, for machines without one. */
export const RECORDED: ReadonlyMap<string, Compact> = new Map(
  readFileSync(RECORDED_FILE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; outcome: Compact })
    .map(({ name, outcome }) => [name, outcome]),
);

/** On a machine that is busy, ksoftirqd may take over what else is done at once, and pages come back later: then the kernel is asked again. */
const ASKED_MAX = 3;

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
const SHOWN_MAX = 160;
const cut = (words: string): string => (words.length > SHOWN_MAX ? `${words.slice(0, SHOWN_MAX)}…` : words);

/** Fields that differ; of counts and lists what in them does. */
function differences(who: string, got: object, wanted: object): string[] {
  const [mine, theirs] = [new Map(Object.entries(got)), new Map(Object.entries(wanted))];
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((field) => {
    const [a, b] = [mine.get(field), theirs.get(field)];
    if (text(a) === text(b)) return [];
    const both = typeof a === 'object' && a !== null && typeof b === 'object' && b !== null;
    if (both) return differences(`${who} ${field}`, a, b);
    return [`${who} ${field} is ${cut(text(a))}, not ${cut(text(b))}`];
  });
}

type Asked = Pick<ProgRunResult, 'errno' | 'retval' | 'data_size_out' | 'data_out'>;

function answer({ errno, retval, data_size_out, data_out }: Asked): object {
  return { errno, retval, data_size_out, data_out: data_out === null ? null : toHex(data_out) };
}

export class LiveJudge {
  private readonly object: LoadedObject = loadLive();
  private readonly loaded: LoadedInKernel | null;
  private readonly withKernel: boolean;
  private kernel: LiveKernel | null = null;

  /** `withKernel`: asks the kernel too. */
  constructor(withKernel: boolean) {
    this.withKernel = withKernel;
    this.loaded = withKernel ? load(OBJECT, 'scripted', []).object : null;
  }

  async judge(one: LiveCase): Promise<Verdict> {
    return one.param === undefined ? this.scenario(one.scenario) : this.parameters(one.param);
  }

  private parameters({ opts, errno }: ParamRow): Verdict {
    this.object.reset();
    const done = progRun(this.object, 'scripted', opts);
    if (!done.ok) return { engine: [done.error.message], kernel: null };
    const wanted = errno === 0 ? { errno, retval: 0, data_size_out: opts.data_in?.length } : { errno };
    const { value } = done;
    const known = Object.fromEntries(Object.keys(wanted).map((name) => [name, value[name as keyof Asked]]));
    const engine = differences('', known, wanted);
    if ((value.reason === '') !== (errno === 0)) engine.push('errno comes without a reason');
    if (this.loaded === null) return { engine, kernel: null };
    const theirs = testRun(this.loaded.programs.get('scripted')!.fd, XDP_TYPE, opts);
    return { engine, kernel: differences('engine', answer(value), answer(theirs)) };
  }

  /** The engine against the record, the kernel against the engine. */
  private async scenario(scenario: Scenario): Promise<Verdict> {
    const recorded = RECORDED.get(scenario.name);
    if (recorded === undefined) return { engine: ['nothing was recorded'], kernel: null };
    const wanted = comparable(scenario, recorded);
    const slow = comparable(scenario, compact(runOnEngine(scenario, false)));
    const quick = countedOnly(comparable(scenario, compact(runOnEngine(scenario, true))));
    const engine = [
      ...differences('step by step:', slow, wanted),
      ...differences('generated:', quick, countedOnly(wanted)),
    ];
    if (!this.withKernel) return { engine, kernel: null };
    this.kernel ??= await new LiveKernel().ready();
    const before: string[] = [];
    for (let asked = 1; ; asked++) {
      const kernel = differences('engine', slow, comparable(scenario, compact(await this.kernel.run(scenario))));
      if (kernel.length === 0 || asked === ASKED_MAX) return { engine, kernel, before };
      before.push(...kernel);
    }
  }

  close(): void {
    this.kernel?.close();
    this.loaded?.close();
    this.object.release();
  }
}
