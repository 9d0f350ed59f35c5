/** What `inspect` shows people: an aligned table for each kind of thing in the object. Text from the object is made safe. */

import { errnoText } from '../format/errnos.ts';
import { clip, plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { valueText } from '../format/values.ts';
import type { Inspected, InspectedHelper, InspectedMap, InspectedProgram } from './inspect-spec.ts';
import type { InspectedType } from './inspect-types.ts';

const VALUE_SHOWN = 100;
const NAME_SHOWN = 60;

function name(text: string): string {
  return clip(plain(text), NAME_SHOWN);
}

/** Columns as wide as their widest cell, two blanks between them, indented by two. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd());
}

function section(title: string, count: number, lines: readonly string[], style: Style): string[] {
  if (count === 0) return [];
  return ['', `${style.bold(title)} ${style.dim(String(count))}`, ...lines];
}

function helperText(helper: InspectedHelper, style: Style): string {
  if (!helper.supported) return style.yellow(`${helper.name} (missing here)`);
  return helper.refused === null ? helper.name : style.red(`${helper.name} (refused)`);
}

function detail(label: string, text: string): string {
  return `      ${label.padEnd(9)}${text}`;
}

function programLines(program: InspectedProgram, head: string, style: Style): string[] {
  const lines = [head];
  if (program.error !== null) {
    const errno = program.error.errno === 0 ? '' : ` (${errnoText(program.error.errno)})`;
    lines.push(detail('error', style.red(`${plain(program.error.message)}${errno}`)));
  }
  if (program.helpers.length > 0) {
    lines.push(detail('helpers', program.helpers.map((h) => helperText(h, style)).join(', ')));
    for (const { refused } of program.helpers) if (refused !== null) lines.push(detail('', style.red(plain(refused))));
  }
  if (program.maps.length > 0) lines.push(detail('maps', program.maps.map(name).join(', ')));
  if (program.subprograms.length > 0) {
    lines.push(
      detail('calls', program.subprograms.map((s) => `${name(s.name)}${s.global ? ' (global)' : ''}`).join(', ')),
    );
  }
  if (program.tags.length > 0) lines.push(detail('tags', program.tags.map(name).join(', ')));
  return lines;
}

function programSection(programs: readonly InspectedProgram[], style: Style): string[] {
  const heads = columns(
    programs.map((p) => [
      name(p.name),
      p.type ?? 'type unknown: --type',
      name(p.section),
      `${p.insns} insns`,
      p.kernel === null ? '' : `kernel ≥ ${p.kernel}`,
      p.autoload ? '' : 'only when asked for',
    ]),
  );
  return programs.flatMap((p, i) => programLines(p, heads[i]!, style));
}

function sideText(side: InspectedMap['key']): string {
  if (side.size === 0) return '-';
  return side.type === null ? `${side.size} bytes` : `${name(side.type)} (${side.size})`;
}

function mapRow(map: InspectedMap): string[] {
  return [
    name(map.name),
    map.type,
    `${sideText(map.key)} → ${sideText(map.value)}`,
    map.max_entries === 0 ? 'one a CPU' : `${map.max_entries}`,
    [...map.flags, ...(map.pinning === null ? [] : ['pinned by name'])].join(' '),
  ];
}

function mapSection(maps: readonly InspectedMap[], style: Style): string[] {
  const heads = columns(maps.map(mapRow));
  return maps.flatMap((map, i) => {
    const lines = [heads[i]!];
    if (map.inner !== null) {
      const inner = map.inner;
      lines.push(
        detail('inner', `${inner.type}  ${sideText(inner.key)} → ${sideText(inner.value)}  ${inner.max_entries}`),
      );
    }
    for (const slot of map.values) lines.push(detail(`[${slot.index}]`, name(slot.name)));
    return lines.map((line, at) => (at === 0 ? line : style.dim(line)));
  });
}

function typeLines(type: InspectedType, style: Style): string[] {
  const head = `  ${name(type.name)}  ${style.dim(`${type.size} bytes`)}`;
  return [
    head,
    ...columns(type.members.map((m) => ['', String(m.offset).padStart(4), name(m.declaration)])).map(style.dim),
  ];
}

function globalRows(inspected: Inspected): string[] {
  return columns(
    inspected.globals.map((g) => [name(g.section), name(g.declaration), clip(valueText(g.value), VALUE_SHOWN)]),
  );
}

/** Everything in the object, ending with a newline. */
export function inspectReport(inspected: Inspected, style: Style): string {
  const { programs, maps, globals, types, warnings } = inspected;
  const facts = [
    inspected.license === '' ? 'no license' : `license ${plain(inspected.license)}`,
    inspected.btf
      ? `CO-RE against ${plain(inspected.core_target)}`
      : 'no BTF: compile with -g for names, types and source lines',
    ...(inspected.kernel === null ? [] : [`needs kernel ≥ ${inspected.kernel}`]),
  ];
  const shownMaps = maps.filter((map) => !globals.some((g) => g.section === map.name));
  const lines = [
    `${style.bold(plain(inspected.object))}  ${style.dim(facts.join(' · '))}`,
    ...section('Programs', programs.length, programSection(programs, style), style),
    ...section('Maps', shownMaps.length, mapSection(shownMaps, style), style),
    ...section('Variables', globals.length, globalRows(inspected), style),
    ...section(
      'Types',
      types.length,
      types.flatMap((type) => typeLines(type, style)),
      style,
    ),
    ...section(
      'Warnings',
      warnings.length,
      warnings.map((text) => `  ${style.yellow(plain(text))}`),
      style,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
