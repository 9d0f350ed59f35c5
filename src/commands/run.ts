/** `bpfdeck run`: one object, one program, one BPF_PROG_RUN. */
import type { Argv } from 'yargs';
import type { Command } from './command.ts';

const VALUE = { type: 'string', requiresArg: true } as const;

function options(yargs: Argv): Argv {
  return yargs
    .positional('object', { type: 'string', describe: 'ELF object with BPF programs' })
    .positional('words', { type: 'string', describe: "Program's name; then bpftool's words: data_in FILE repeat N …" })
    .option('data-in', { ...VALUE, describe: 'Packet: FILE, CAPTURE#N (from 1), hex:…, or - for standard input' })
    .option('data-out', { ...VALUE, describe: 'File for the packet after the run (.pcap: a capture), - for stdout' })
    .option('data-size-out', { ...VALUE, describe: 'Room for the packet after the run, in bytes' })
    .option('ctx-in', { ...VALUE, describe: 'Context: FILE, hex:…, or json:{"field": value} filled sensibly' })
    .option('ctx-out', { ...VALUE, describe: 'File for the context after the run, - for stdout' })
    .option('ctx-size-out', { ...VALUE, describe: 'Room for the context after the run, in bytes' })
    .option('repeat', { ...VALUE, describe: 'Runs over the same packet' })
    .option('flags', { ...VALUE, describe: 'Number or names, such as BPF_F_TEST_SKB_CHECKSUM_COMPLETE' })
    .option('cpu', { ...VALUE, describe: 'The cpu attribute of BPF_PROG_RUN' })
    .option('batch-size', { ...VALUE, describe: 'Frames a batch, with live frames' })
    .option('type', { ...VALUE, describe: 'Program type, where the section name does not say it' })
    .option('with', {
      ...VALUE,
      array: true,
      describe: 'Further object in the same world: pinned maps, freplace programs',
    })
    .option('map', { ...VALUE, array: true, describe: 'NAME=json:… or NAME=FILE: fills a map or .data beforehand' })
    .option('netns', {
      ...VALUE,
      describe: 'Network namespace: FILE or json:{"devices": …, "routes": …, "sockets": …}',
    })
    .option('memory', { ...VALUE, array: true, describe: 'ADDRESS=hex:…: what pointers in the context lead to' })
    .option('time', { ...VALUE, describe: 'Nanoseconds that the first clock read gives' })
    .option('seed', { ...VALUE, describe: 'Seed of bpf_get_prandom_u32' })
    .option('cpus', { ...VALUE, describe: 'Possible CPUs: sizes of percpu maps' })
    .option('budget', {
      ...VALUE,
      describe: 'Instructions, helper calls counting for more, until an endless loop is assumed',
    })
    .option('why', { type: 'boolean', describe: 'Say why: source lines, branches, values read, helper calls' })
    .option('trace', { ...VALUE, describe: 'File for every executed instruction and what it did, - for stdout' })
    .option('lenient', {
      type: 'boolean',
      describe: 'Missing helpers fault when called, instead of refusing the program',
    })
    .option('btf', { ...VALUE, describe: 'Kernel types for CO-RE: raw BTF, or an ELF file with .BTF' })
    .option('backend', { ...VALUE, describe: 'engine (default), kernel, or both: every difference is shown' })
    .option('json', { type: 'boolean', describe: 'One JSON object on standard output' })
    .example('$0 run lb.o xdp_lb --data-in dump.pcap#3', 'the third frame of a capture')
    .example('$0 run tc.o --data-in hex:ffffff… --ctx-in json:{"mark":7} --json', 'context by field names')
    .example('$0 run lb.o --data-in p.bin --map \'backends=json:{"0":{"ip":"0x0100000a"}}\'', 'a map filled before')
    .example('$0 run lb.o xdp_lb --data-in p.bin --backend both', 'the real kernel as judge')
    .example('$0 run lb.o xdp_lb --data-in p.bin --why', 'the way to the verdict')
    .example('$0 run lb.o xdp_lb data_in p.bin data_out out.bin repeat 1000', "bpftool's words");
}

export const command: Command = {
  command: 'run <object> [words..]',
  describe: 'Run one program on one packet and show what came of it',
  options,
  run: async (args, io) => (await import('./run-command.ts')).runCommand(args, io),
};
