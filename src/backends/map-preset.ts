/** What to fill a map with, as users write it. */

/**
 * One map (or data section) to fill before a run, as the user wrote it: entries `[[key, value], …]` or `{key: value}`;
 * arrays also `[v0, v1]`; data sections `{variable: value}`. The backend reads it by the map's type and BTF.
 */
export interface MapPreset {
  readonly map: string;
  readonly content: unknown;
}
