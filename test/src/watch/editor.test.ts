/** Editors are told the line in their own way; one that is missing or fails is said so. */
import { expect, test } from 'bun:test';
import { editorCommand, runEditor } from '../../../src/watch/editor.ts';

test.each([
  [{}, ['vi', '+7', '/p/a.ts']],
  [{ EDITOR: 'nano' }, ['nano', '+7', '/p/a.ts']],
  [{ EDITOR: 'nano', VISUAL: 'code --wait' }, ['code', '--wait', '--goto', '/p/a.ts:7']],
  [{ EDITOR: '/usr/local/bin/hx' }, ['/usr/local/bin/hx', '/p/a.ts:7']],
])('%o', (env, command) => {
  expect(editorCommand(env, '/p/a.ts', 7)).toEqual(command);
});

test('what went wrong', () => {
  expect(runEditor(['true'])).toBeNull();
  expect(runEditor(['false'])).toBe('false ended with 1');
  expect(runEditor(['no-such-editor'])).toBe('there is no no-such-editor: set EDITOR to the editor you use');
});
