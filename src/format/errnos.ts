/** Error numbers by name for people, and the numbers of names that users write. */
import { ERRNO, errnoName } from '../../engine/index.ts';

/** `EINVAL (22)`, `0`. */
export function errnoText(errno: number): string {
  return errno === 0 ? '0' : `${errnoName(errno)} (${errno})`;
}

/** The number of a name (`EINVAL`, `-EINVAL`, `einval`), null when there is none of that name. */
export function errnoNumber(name: string): number | null {
  const wanted = name.replace(/^-/, '').toUpperCase();
  return (ERRNO as Readonly<Record<string, number>>)[wanted] ?? null;
}
