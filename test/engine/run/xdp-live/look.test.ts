/** A frame of a live run looked at alone: its bytes before and after, its trace and events, and the run goes on as if nobody had looked. */
import { expect, test } from 'bun:test';
import { loadLive, openScenario, runOnEngine, seenBy } from '../../../support/live/engine.ts';
import { MODE, type Scenario, XDP } from '../../../support/live/scenario.ts';

const VALUE_AT = 50;

test('what a recycled page holds, what the program did to it and where it was sent', () => {
  const object = loadLive();
  const run = openScenario(object, { name: '', globals: { mode: MODE.IFINDEX, target: 999 }, repeat: 1000 }, true);
  run.runFor({ frames: 128 });
  const look = run.look();
  expect(look).toMatchObject({ frame: 128, verdict: XDP.REDIRECT });
  expect([look!.data[VALUE_AT], look!.data_after[VALUE_AT]]).toEqual([2, 3]);
  expect(look!.events).toContainEqual(
    expect.objectContaining({
      name: 'xdp_redirect_err',
      code: 22,
      fields: expect.objectContaining({ to_ifindex: 999 }),
    }),
  );
  const { trace } = look!;
  expect(trace.steps.some(({ call }) => call?.name.endsWith('redirect'))).toBe(true);
  expect(trace.steps.every(({ program }) => program === 'scripted')).toBe(true);
  expect(trace.steps.at(-1)!.returns).not.toBeNull();
  expect(run.report()).toMatchObject({ frames: 129, batches: 3, verdicts: { redirect: 129 } });
  run.runFor({});
  expect([run.done, run.look()]).toEqual([true, null]);
});

test('frames go by until it is the right one, or none is left', () => {
  const object = loadLive();
  const globals = { verdicts: [XDP.DROP, XDP.DROP, XDP.PASS], verdict_count: 3 };
  const run = openScenario(object, { name: '', globals, repeat: 10 }, true);
  const passed = () => run.report().verdicts.pass;
  expect(run.look(() => passed() > 0)).toMatchObject({ frame: 2, verdict: XDP.PASS });
  expect(run.look(() => passed() > 3)).toMatchObject({ frame: 9, verdict: XDP.DROP });
  expect([run.done, run.fault]).toEqual([true, null]);
});

test('pages come in the order in which they come unwatched', () => {
  const scenario: Scenario = { name: '', globals: { verdicts: [XDP.DROP] }, repeat: 200, batch_size: 1 };
  const object = loadLive();
  const run = openScenario(object, scenario, true);
  while (!run.done) run.frames % 3 === 0 ? run.look() : run.step();
  expect(seenBy(object, 200).map(({ value }) => value)).toEqual(runOnEngine(scenario).seen.map(({ value }) => value));
});
