/** Names for what a trace reads: packet fields by dissection, context fields, members by BTF, as the source line spells them. */
import type { TraceAccess, TracePlace, TraceStep } from '../../engine/index.ts';
import { clip, plain } from '../format/sanitize.ts';
import { dissect, fieldAt } from '../packet/dissect.ts';
import type { Field, Layer } from '../packet/layers.ts';
import { resultPlace } from './calls.ts';
import { elementText, heldText, numberText, valuePath } from './places.ts';
import type { TracedObjects } from './traced-objects.ts';
import type { WhyValue } from './types.ts';

/** `ip6->nexthdr`, `key.addr`, `at->pos`: what a source line may call a value in memory. */
const EXPRESSION = /[A-Za-z_]\w*(?:(?:->|\.)[A-Za-z_]\w*)+/g;
const MOVE = /^r(\d) = r(\d)$/;
const SWAP = /^r(\d) = (?:be|le|bswap)\d+ r\1$/;
const CHANGES_PACKET = /store_bytes|csum_replace|_change_|adjust_room|vlan_|set_hash/;
const TEXT_MAX = 80;

/** A value that has a name. */
export interface Named {
  readonly name: string;
  readonly where: string;
  readonly value: string;
}

export class Names {
  private readonly objects: TracedObjects;
  private readonly layers: readonly Layer[];
  /** Names of what registers hold, by frame. */
  private readonly registers = new Map<string, string>();
  private readonly keys = new Map<number, string>();
  private readonly written = new Set<number>();
  private readonly pointers = new Set<string>();
  private changed = false;
  private readonly seen = new Map<string, WhyValue>();

  /** `packet`: what the program finds at data when it starts. */
  constructor(objects: TracedObjects, packet: Uint8Array, first: 'eth' | 'ipv4' | 'ipv6') {
    this.objects = objects;
    this.layers = dissect(packet, { first });
  }

  /** Every value read so far, in the order of the last reads. */
  get values(): readonly WhyValue[] {
    return [...this.seen.values()];
  }

  keyAt(place: TracePlace | null): string | undefined {
    return place === null ? undefined : this.keys.get(place.element);
  }

  /** What a register is called at present. */
  registerName(step: TraceStep, register: string): string | undefined {
    return this.registers.get(`${step.depth}${register.replace('w', 'r')}`);
  }

  /** The name is that of what a lookup or the like returned. */
  isPointer(name: string): boolean {
    return this.pointers.has(name);
  }

  /** Takes the next step of the trace. */
  see(step: TraceStep): void {
    const { access, call, wrote } = step;
    if (access?.write) this.noteStore(access);
    if (call !== null) this.noteCall(step);
    if (wrote === null) return;
    const to = `${step.depth}r${wrote.register}`;
    const name = this.nameOfWritten(step);
    if (name === undefined) this.registers.delete(to);
    else this.registers.set(to, name);
  }

  private nameOfWritten(step: TraceStep): string | undefined {
    const { access, call, text } = step;
    if (call !== null) return this.assigned(step);
    if (access !== null && !access.write) return this.noteLoad(step, access);
    const move = MOVE.exec(text);
    if (move) return this.registerName(step, `r${move[2]}`);
    const swap = SWAP.exec(text);
    return swap ? this.registerName(step, `r${swap[1]}`) : undefined;
  }

  private noteStore({ place, size }: TraceAccess): void {
    if (place?.region !== 'packet') return;
    for (let i = 0; i < size; i++) this.written.add(place.offset + place.moved + i);
  }

  private noteCall(step: TraceStep): void {
    const call = step.call!;
    if (CHANGES_PACKET.test(call.name)) this.changed = true;
    const key = this.objects.calls(step).keyOf(call);
    const place = resultPlace(call, step.wrote?.place);
    if (place !== null && key !== null) this.keys.set(place.element, key);
    if (call.helper) return;
    for (let arg = 1; arg <= 5; arg++) {
      const name = this.registerName(step, `r${arg}`);
      if (name !== undefined) this.registers.set(`${step.depth + 1}r${arg}`, name);
    }
  }

  /** `limit` in `limit = bpf_map_lookup_elem(…)`. */
  private assigned(step: TraceStep): string | undefined {
    const { source, call, wrote } = step;
    const name = new RegExp(`([A-Za-z_]\\w*)\\s*=[^=]*\\b${call!.name}\\s*\\(`).exec(source)?.[1];
    if (name === undefined || wrote === null || !call!.helper) return undefined;
    const pointer = call!.result_kind === 'address';
    if (pointer) this.pointers.add(name);
    else this.pointers.delete(name);
    const held = heldText(wrote.value, wrote.place, this.keyAt(wrote.place));
    const found = call!.found === null ? '' : ` ${this.objects.calls(step).foundText(call!)}`;
    this.note({ name, value: pointer && wrote.value === 0n ? 'NULL' : `${held}${found}`, where: '' });
    return name;
  }

  private note(one: Named): void {
    this.seen.delete(one.name);
    this.seen.set(one.name, { ...one, value: plain(clip(one.value, TEXT_MAX)) });
  }

  /** Pointers and what has no name are not told. */
  private noteLoad(step: TraceStep, access: TraceAccess): string | undefined {
    const named = this.nameOf(step, access);
    if (named === null) return undefined;
    if (step.wrote?.place === null || step.wrote?.place === undefined) this.note(named);
    return named.name;
  }

  private nameOf(step: TraceStep, access: TraceAccess): Named | null {
    const { source } = step;
    const { place, value } = access;
    if (place === null || value === null) return null;
    switch (place.region) {
      case 'packet':
        return this.packetField(source, access, place);
      case 'context':
        if (place.name === '') return null;
        return {
          name: spelled(source, place.name) ?? `ctx->${place.name}`,
          value: numberText(value),
          where: 'context',
        };
      case 'map value': {
        const path =
          valuePath(this.objects.of(step), place, this.keyAt(place)) ??
          `${elementText(place, this.keyAt(place))}+${place.offset}`;
        const name = spelled(source, path.split(/[.[\]]/).findLast((part) => part !== '') ?? '') ?? path;
        return { name, value: numberText(value), where: name === path ? '' : path };
      }
      default:
        return null;
    }
  }

  private packetField(source: string, { size, value }: TraceAccess, place: TracePlace): Named {
    const at = place.offset + place.moved;
    const fields = this.fieldsIn(at, size);
    const field = fields.find((one) => spelled(source, one.name) !== null) ?? (fields.length === 1 ? fields[0]! : null);
    const length = field === null ? size : field.end - field.start;
    const from = field === null ? place.offset : field.start - place.moved;
    const where = length === 1 ? `packet[${from}]` : `packet[${from}..${from + length - 1}]`;
    if (field === null) {
      return { name: (fields.length === 0 ? only(source) : null) ?? where, value: bigEndian(value!, size), where };
    }
    const name = spelled(source, field.name) ?? only(source) ?? fieldAt(this.layers, field.start);
    return { name, value: field.value, where };
  }

  /** The header fields of which the bytes are a part, or the whole; none where they are no longer what the packet came with. */
  private fieldsIn(at: number, size: number): Field[] {
    if (this.changed) return [];
    for (let i = at; i < at + size; i++) if (this.written.has(i)) return [];
    const layer = this.layers.find((one) => at >= one.start && at < one.end);
    return layer?.fields.filter((one) => at >= one.start && at + size <= one.end) ?? [];
  }
}

/** The expression of a source line that ends in a member. */
function spelled(source: string, member: string): string | null {
  if (member === '') return null;
  return expressions(source).findLast((one) => one.endsWith(`>${member}`) || one.endsWith(`.${member}`)) ?? null;
}

/** The only expression that a source line has. */
function only(source: string): string | null {
  const found = [...new Set(expressions(source))];
  return found.length === 1 ? found[0]! : null;
}

function expressions(source: string): string[] {
  return source.match(EXPRESSION) ?? [];
}

function bigEndian(value: bigint, size: number): string {
  let swapped = 0n;
  for (let i = 0; i < size; i++) swapped = (swapped << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return numberText(swapped);
}
