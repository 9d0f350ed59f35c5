/** The form of the run screen: fields and choices by keys, typing, the history, and the case that is made of a run. */
import { expect, test } from 'bun:test';
import { chosenObject, chosenProgram, programsOf } from '../../../src/session/run.ts';
import { type Action, initialState, reduce, type State } from '../../../src/session/session.ts';
import { view } from '../../../src/view.ts';
import { caseSource, trialCase } from '../../../src/watch/trial.ts';
import { outcomeOf, PACKET, settled, WITH_PACKET } from '../../support/settled.ts';

const a = settled('a', { data_in: PACKET });
const b = settled('b', { program: 'xdp_tail', data_in: PACKET });
const c = settled('c', { object: '/p/build/fw.o', program: 'xdp_fw' });
const project = { file: null, root: '/p', objects: [], cases: [], defaults: {}, btf: null, lenient: false };

function after(...actions: Action[]): State {
  return actions.reduce(reduce, initialState('/p'));
}

const list: Action = { type: 'cases', cases: [a, b, c], errors: [], objects: [] };
const command = (name: string, more = {}): Action => ({ type: 'command', command: { do: name, ...more } as never });
const onRun = [list, command('edge', { end: 'first' }), command('screen', { to: 'run' })];
const field = (by: number) => command('field', { by });
const type = (text: string) => [command('edit-field'), command('type', { text }), command('accept')];

test('objects, their programs, packets of cases that fit', () => {
  const first = after(...onRun);
  expect([chosenObject(first), chosenProgram(first)]).toEqual(['/p/build/lb.o', 'xdp_lb']);
  const program = after(...onRun, field(-1), command('choose', { by: 1 }));
  expect(chosenProgram(program)).toBe('xdp_tail');
  const packet = reduce(reduce(program, field(1)), command('choose', { by: 1 }));
  expect(packet.form.from).toBe(b.id);
  const object = after(...onRun, field(-9), command('choose', { by: -1 }));
  expect(chosenObject(object)).toBe('/p/build/fw.o');
  const opened = reduce(object, { type: 'programs', object: '/p/build/fw.o', programs: ['x', 'y'] });
  expect(programsOf(opened)).toEqual(['x', 'y']);
});

test('from a case, the form is what that case runs', () => {
  const state = after(list, command('move', { by: 2 }), command('screen', { to: 'next' }));
  expect(state.form).toMatchObject({ object: a.object, program: 'xdp_lb', from: a.id });
  expect(trialCase(state, project).data_in).toBe(PACKET);
});

test('what is typed becomes a packet, a context, a repeat', () => {
  const hex = after(
    ...onRun,
    ...type('02 00'),
    field(1),
    ...type('{"mark": 7}'),
    field(1),
    command('choose', { by: 1 }),
  );
  const one = trialCase(hex, project);
  expect(one.data_in).toEqual(new Uint8Array([2, 0]));
  expect(one.ctx_in).toEqual({ json: { mark: 7 } });
  expect(one.repeat).toBe(10);
  expect(reduce(hex, command('back')).screen).toBe('watch');
});

test.each([
  ['packet', '0', /packet|digit|data_in/],
  ['packet', 'no-such.pcap#2', /no-such\.pcap/],
  ['ctx', '{', /ctx: not JSON/],
  ['repeat', 'x', /repeat/],
])('%s: %s is said to be wrong', (name, text, message) => {
  const at = { packet: 0, ctx: 1, repeat: 2 }[name] ?? 0;
  const state = after(...onRun, field(at), command('edit-field'), command('erase', { what: 'all' }), ...type(text));
  expect(() => trialCase(state, project)).toThrow(message);
});

test('runs are numbered, the latest shown, [ and ] go through them', () => {
  const trial = (name: string): Action => ({
    type: 'run',
    news: { type: 'trial', trial: { at: 0, one: a, packet: name, outcome: outcomeOf(a, 'pass', WITH_PACKET) } },
  });
  const state = after(...onRun, { type: 'run', news: { type: 'busy' } }, trial('one'), trial('two'));
  expect(view(state).run_screen?.note).toBe('2 of 2 runs');
  const older = reduce(state, command('trial', { by: -1 }));
  expect(view(older).run_screen?.note).toBe('1 of 2 runs');
  expect(
    view(older)
      .run_screen?.result?.title.map((span) => span.text)
      .join(''),
  ).toContain('run 1: ');
});

test('a case made of a run expects what it gave', () => {
  const source = caseSource(
    {
      number: 1,
      at: 0,
      packet: '',
      one: a,
      outcome: outcomeOf(a, 'pass', { result: { ...WITH_PACKET.result!, fault: null }, returned: 'XDP_DROP (1)' }),
    },
    '/p',
  );
  expect(source).toStartWith("import { test } from 'bpfdeck';\n\ntest({\n");
  const written = new Function(`return ${source.slice(source.indexOf('test(') + 5, source.lastIndexOf(')'))}`)();
  expect(written).toMatchObject({
    name: 'xdp_lb gives XDP_DROP',
    object: 'build/lb.o',
    expect: { retval: 'XDP_DROP', printk: ['lb: no backend for key 7'] },
  });
  expect(written.expect.data_out).toStartWith('hex:0200');
});

test.each([
  [
    '00000000: ffff ffff ffff 0200  ........\n00000008: 0000 0001 0806       ......\n',
    'ffff ffff ffff 0200 0000 0001 0806',
  ],
  [
    '00000000  ff ff ff ff ff ff 02 00  00 00 00 01 08 06  |..............|',
    'ff ff ff ff ff ff 02 00 00 00 00 01 08 06',
  ],
  ['\t0x0000:  ffff ffff ffff 0200 0000 0001 0806\n', 'ffff ffff ffff 0200 0000 0001 0806'],
  ['ff ff ff ff ff ff\n02 00', 'ff ff ff ff ff ff 02 00'],
  ['dump.pcap#3\n', 'dump.pcap#3'],
])('a packet is pasted as bytes, from whatever dump: %j', (text, packet) => {
  const state = after(...onRun, command('paste', { text }));
  expect(state.form.packet).toBe(packet);
});

test('text is pasted where text is typed, and nowhere on the watch screen', () => {
  const typing = after(list, command('prompt', { kind: 'name' }), command('paste', { text: 'ip\nv6 ' }));
  expect(typing.prompt?.text).toBe('ip v6');
  expect(after(list, command('paste', { text: 'q' }))).toMatchObject({ prompt: null, filter: { name: '', file: '' } });
});
