/** Which directories globs are watched in. */
import { expect, test } from 'bun:test';
import { directoriesOf, globDirectory } from '../../../src/watch/globs.ts';

test.each([
  ['build/*.o', '/p/build', false],
  ['./build/*.o', '/p/build', false],
  ['*.o', '/p', false],
  ['build/lb.o', '/p/build', false],
  ['**/*.case.ts', '/p', true],
  ['src/*/out/*.o', '/p/src', true],
  ['{a,b}/*.o', '/p', true],
])('%s', (glob, path, deep) => {
  expect(globDirectory('/p', glob)).toEqual({ path, deep });
});

test('flat directories inside of deep ones are left out', () => {
  const found = directoriesOf(
    '/p',
    ['test/**/*.case.ts', 'build/*.o'],
    ['/p/test/shared/x.ts', '/q/lib.ts', '/p/c.ts'],
  );
  expect(found).toEqual({ flat: ['/p/build', '/q', '/p'], deep: ['/p/test'] });
});
