/** What `run` shows of flow keys, memory and copies, for people and as JSON. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { cli, ROOT } from '../../support/cli.ts';
import { ethernet, ipv4, udp } from '../../support/frames.ts';

const object = (name: string) => join(ROOT, `fixtures/prog-run/${name}/${name}.bpf.o`);
const FRAME = `hex:${Buffer.from(ethernet(0x0800, ipv4(17, udp(4000, 53)))).toString('hex')}`;

test('flow keys by name', async () => {
  const { out, code } = await cli(['run', object('flow-dissector'), 'udp', '--data-in', FRAME]);
  expect(code).toBe(0);
  expect(out).toContain('keys      nhoff 14\n          thoff 34\n');
  expect(out).toContain('ipv4_src 16777226');
  expect(out).not.toContain('ipv6_');
});

test('memory before and after', async () => {
  const words = [
    'run',
    object('struct-ops'),
    'first',
    '--ctx-in',
    'json:{"state":4096}',
    '--memory',
    '0x1000=hex:34120000',
  ];
  expect((await cli(words)).out).toContain('memory    0x1000  34120000 → 5a000000\n');
  const { memory, retval } = JSON.parse((await cli([...words, '--json'])).out);
  expect({ memory, retval }).toEqual({ memory: [['0x1000', '5a000000']], retval: 0x1234 });
  expect((await cli(['run', object('struct-ops'), 'first', '--memory', 'x=hex:00'])).code).toBe(2);
});

test('copies that would have been sent, out of devices that are described', async () => {
  const words = ['run', object('netns'), 'clone', '--data-in', FRAME];
  expect((await cli(words)).out).toContain('copies    to ifindex 1, 42 bytes  02000000');
  const down = await cli([...words, '--netns', 'json:{"devices":[{"ifindex":1,"up":false}]}', '--json']);
  expect(JSON.parse(down.out)).toMatchObject({ retval: 0xffff_ff9c });
  const wrong = await cli([...words, '--netns', 'json:{"devices":[{"mtu":1}]}']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--netns: netns.devices[0].ifindex is missing')]);
});
