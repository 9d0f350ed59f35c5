/** The command that does what a case does, as a shell takes it. */
import { expect, test } from 'bun:test';
import { commandText, quoted, runCommand, testCommand } from '../../src/equal-command.ts';
import { settled } from '../support/settled.ts';

test('packet, context, maps, clock and repeat', () => {
  const one = settled("it's one", {
    data_in: new Uint8Array([1, 255]),
    ctx_in: { json: { mark: 7 } },
    presets: [{ map: 'vips', content: [[{ port: 443 }, { id: 1n, big: 2n ** 60n, raw: new Uint8Array([9]) }]] }],
    env: { time_ns: 5n, cpus: 2 },
    repeat: 3,
  });
  expect(commandText(runCommand(one, '/p'))).toBe(
    'bpfdeck run build/lb.o xdp_lb --data-in hex:01ff --ctx-in \'json:{"mark":7}\' ' +
      `--map 'vips=json:[[{"port":443},{"id":1,"big":"1152921504606846976","raw":{"hex":"09"}}]]' ` +
      '--time 5 --cpus 2 --repeat 3',
  );
  expect(commandText(testCommand(one))).toContain("it'\\''s one'");
});

test('words that need no quotes have none', () => {
  expect(quoted('build/lb.o')).toBe('build/lb.o');
  expect(quoted('a b')).toBe("'a b'");
});
