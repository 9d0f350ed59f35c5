/** `bpfdeck live`: one XDP program in live frame mode, its frames sent through virtual devices. */
import type { Argv } from 'yargs';
import type { Command } from './command.ts';

const VALUE = { type: 'string', requiresArg: true } as const;

function options(yargs: Argv): Argv {
  return yargs
    .positional('object', { type: 'string', describe: 'ELF object with BPF programs' })
    .positional('program', { type: 'string', describe: "Program's name" })
    .option('data-in', { ...VALUE, describe: 'Packet: FILE, CAPTURE#N (from 1), hex:…, or - for standard input' })
    .option('frames', {
      ...VALUE,
      describe: 'Packets of frames in turn, in place of --data-in: a pcap, a pcapng, or lines of hex',
    })
    .option('frames-order', { ...VALUE, describe: 'turn (default) or random' })
    .option('vary', {
      ...VALUE,
      array: true,
      describe: 'FIELD=VALUES[:random]: ip.src=10.0.0.0/24, udp.dport=80,1000-2000; checksums are kept right',
    })
    .option('ctx-in', { ...VALUE, describe: 'Context: FILE, hex:…, or json:{"field": value}' })
    .option('ingress', {
      ...VALUE,
      describe: 'Device that frames come in on: without --ctx-in the first --dev, else loopback',
    })
    .option('dev', {
      ...VALUE,
      array: true,
      describe:
        'NAME[:KEY=VALUE,…] with ifindex, type (veth, ifb, lo, dummy), peer, peer_xdp (none, pass, drop, tx, OBJ#PROG), up, peer_up, mtu, gro, queues, tc_ingress and peer_tc_ingress (OBJ#PROG)',
    })
    .option('netns', {
      ...VALUE,
      describe: 'Network namespace: FILE or json:{"devices": …, "routes": …, "sockets": …, "far": …, "faults": …}',
    })
    .option('fault', {
      ...VALUE,
      array: true,
      describe: 'down=DEV@FRAME, up=, full=, drains= (rings), page=FRAME (no page), alloc=N (the N-th 64 pages)',
    })
    .option('repeat', { ...VALUE, describe: 'Frames, or forever (default)' })
    .option('batch-size', { ...VALUE, describe: 'Frames a batch, 1 to 256 (default 64)' })
    .option('rate', { ...VALUE, describe: 'Frames a second (default: as fast as it goes)' })
    .option('map', { ...VALUE, array: true, describe: 'NAME=json:… or NAME=FILE: fills a map or .data beforehand' })
    .option('seed', { ...VALUE, describe: 'Seed of chance: random order, random fields, bpf_get_prandom_u32' })
    .option('cpus', { ...VALUE, describe: 'Possible CPUs: sizes of percpu maps, targets of cpumaps' })
    .option('btf', { ...VALUE, describe: 'Kernel types for CO-RE: raw BTF, or an ELF file with .BTF' })
    .option('backend', {
      ...VALUE,
      describe: 'engine, kernel (needs root), or both: a run of --repeat frames on each, compared',
    })
    .option('capture', {
      ...VALUE,
      describe: 'pcapng FILE for the first 1000 frames that leave by each device or go up',
    })
    .option('metrics', { ...VALUE, describe: 'HOST:PORT: serves Prometheus text at /metrics while the run goes on' })
    .option('interval', { ...VALUE, describe: 'Milliseconds between two lines (default 1000)' })
    .option('fps', { ...VALUE, describe: 'Looks of the screen a second (default 10; fewer for a slow line)' })
    .option('json', { type: 'boolean', describe: 'One JSON object a line: intervals, then a summary' })
    .option('ascii', { type: 'boolean', describe: 'Draw with the characters of ASCII alone' })
    .example('$0 live lb.o xdp_lb --data-in p.bin --dev veth0:peer_xdp=drop', 'XDP_TX leaves by veth0')
    .example(
      '$0 live fwd.o --data-in p.bin --dev veth0 --dev veth1:ifindex=7,peer_xdp=pass --map \'tx=json:{"0":7}\'',
      'a devmap with a device',
    )
    .example('$0 live lb.o --data-in p.bin --repeat 1000000 --json | jq .', 'for programs');
}

export const command: Command = {
  command: 'live <object> [program]',
  describe: 'Run live frames through virtual devices, and show where they go and why they are lost',
  options,
  run: async (args, io) => (await import('./live-command.ts')).liveCommand(args, io),
};
