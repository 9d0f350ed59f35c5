/** `bun test/support/live/main.ts`: records what the real kernel makes of every row, for machines without one. */
import { writeFileSync } from 'node:fs';
import { compact } from './compact.ts';
import { LiveKernel } from './kernel.ts';
import { EFFECT_ROWS, RECYCLING_ROWS } from './rows.ts';

const kernel = await new LiveKernel().ready();
const lines: string[] = [];
for (const row of [...EFFECT_ROWS, ...RECYCLING_ROWS]) {
  lines.push(JSON.stringify({ name: row.name, outcome: compact(await kernel.run(row)) }));
}
kernel.close();
writeFileSync(new URL('../../engine/run/xdp-live/kernel-live.txt', import.meta.url), `${lines.join('\n')}\n`);
console.log(`${lines.length} rows recorded`);
