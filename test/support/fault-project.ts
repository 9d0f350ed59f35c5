/** A project of its own whose cases fault, with the sources beside the objects. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './balancer-copy.ts';

const FROM = join(ROOT, 'fixtures', 'objects');
const CASES = `import { pkt, suite } from 'bpfdeck';
const data_in = pkt.eth().ipv4({ daddr: '192.0.2.1' }).udp({ dest: 53 }).payload('hello');
suite({ object: 'build/packet-out-of-bounds.o', program: 'packet_out_of_bounds', data_in }, [
  { name: 'reads no further than the packet', expect: { retval: 'XDP_PASS' } },
]);
suite({ object: 'build/null-map-value.o', program: 'null_map_value', data_in }, [
  { name: 'looks before it reads', expect: { retval: 'XDP_PASS' } },
]);
suite({ object: 'build/printk.o', program: 'say', data_in }, [
  { name: 'says little', expect: { retval: 'XDP_PASS', printk: ['length 47'] } },
]);
`;

export class FaultProject {
  readonly root = mkdtempSync(join(tmpdir(), 'faults-'));

  constructor() {
    for (const name of ['build', 'bpf', 'test']) mkdirSync(this.path(name));
    for (const [from, name] of [
      ['faults', 'packet-out-of-bounds'],
      ['faults', 'null-map-value'],
      ['printk', 'printk'],
    ] as const) {
      cpSync(join(FROM, from, `${name}.bpf.o`), this.path(`build/${name}.o`));
      cpSync(join(FROM, from, `${name}.bpf.c`), this.path(`bpf/${name}.bpf.c`));
    }
    this.write('bpfdeck.config.ts', "export default { objects: 'build/*.o', cases: 'test/*.case.ts' };\n");
    this.write('test/faults.case.ts', CASES);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Puts the objects elsewhere: nothing is built then. */
  moveObjects(name: string): void {
    renameSync(this.path('build'), this.path(name));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
