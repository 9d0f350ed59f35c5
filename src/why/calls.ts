/** Calls of a trace in words: `bpf_map_lookup_elem(backends, 7) → NULL, keys present: 0 1 2 3`. */
import {
  errnoName,
  MAP_TYPE,
  type ObjectSpec,
  type TraceArg,
  type TraceCall,
  type TracePlace,
} from '../../engine/index.ts';
import { prefixText } from '../backends/preset-prefix.ts';
import { clip, plain } from '../format/sanitize.ts';
import { valueText } from '../format/values.ts';
import { decodeBytes } from '../maps/codec.ts';
import { toHex } from '../packet/hex.ts';
import { heldText, numberText } from './places.ts';

const VALUE_SHOWN = 100;
const ERRNO_MAX = 4095n;
const ARRAYS: ReadonlySet<number> = new Set<number>([
  ...[MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY, MAP_TYPE.PROG_ARRAY, MAP_TYPE.ARRAY_OF_MAPS, MAP_TYPE.PERF_EVENT_ARRAY],
]);

/** Its negative results are no errors. */
const COMPARES = 'bpf_strncmp';
/** What they are given for a value is where it is to go. */
const TAKES_VALUE = /^bpf_map_(pop|peek)_elem$/;
const TIME = /ktime|jiffies/;

type MapOf = ObjectSpec['maps'][number] | undefined;

export class CallWords {
  private readonly spec: ObjectSpec;

  constructor(spec: ObjectSpec) {
    this.spec = spec;
  }

  private mapOf(call: TraceCall): MapOf {
    const place = call.args.find((arg) => arg.kind === 'map')?.place;
    return place?.region === 'map' ? this.spec.maps.find((one) => one.name === place.name) : undefined;
  }

  private bytes(type_id: number, bytes: Uint8Array): string {
    return clip(valueText(decodeBytes({ btf: this.spec.btf, type_id, size: bytes.length }, bytes)), VALUE_SHOWN);
  }

  private keyText(map: MapOf, key: Uint8Array): string {
    const prefix = map?.type === MAP_TYPE.LPM_TRIE ? prefixText(key) : null;
    return prefix ?? this.bytes(map?.key_type_id ?? 0, key);
  }

  /** The key that a call names, as text; null where it names none. */
  keyOf(call: TraceCall): string | null {
    const key = call.args.find((arg) => arg.kind === 'map_key');
    return key?.bytes ? this.keyText(this.mapOf(call), key.bytes) : null;
  }

  private argument(call: TraceCall, arg: TraceArg): string {
    const { kind, value, place, bytes } = arg;
    const map = this.mapOf(call);
    if (kind === 'ctx') return 'ctx';
    if (bytes !== null && kind === 'map_key') return this.keyText(map, bytes);
    if (bytes !== null && kind === 'map_value' && bytes.length === map?.value_size && !TAKES_VALUE.test(call.name)) {
      return this.bytes(map.value_type_id, bytes);
    }
    if (bytes !== null && !TAKES_VALUE.test(call.name)) return memoryText(bytes);
    if (kind === 'func') return 'callback';
    if (place === null && value === 0n && kind !== 'u32' && kind !== 'u64' && kind !== 'size') return 'NULL';
    if (kind === 'u32' || kind === 'size') return numberText(BigInt.asIntN(32, value));
    return heldText(value, place);
  }

  /** Whether nothing was found, or an error came back. */
  failed(call: TraceCall): boolean {
    const { result, result_kind, helper, name } = call;
    if (!helper || result === null || name === COMPARES) return false;
    if (result_kind === 'address') return result === 0n;
    const signed = BigInt.asIntN(64, result);
    return result_kind === 'signed' && signed < 0n && signed >= -ERRNO_MAX;
  }

  text(call: TraceCall): string {
    const args = call.args.map((arg) => this.argument(call, arg)).join(', ');
    return plain(`${call.name}(${args})${this.result(call)}`);
  }

  private result(call: TraceCall): string {
    const { result, result_kind, name } = call;
    if (name === 'bpf_tail_call') return result === null ? ' → gone there' : ' → no program there';
    if (result === null || result_kind === 'none') return '';
    if (result_kind === 'address') return result === 0n ? ` → NULL${this.present(call)}` : ` → ${this.foundText(call)}`;
    if (TIME.test(name)) return ` → ${result}`;
    if (!this.failed(call)) return ` → ${numberText(result_kind === 'signed' ? BigInt.asIntN(64, result) : result)}`;
    const signed = BigInt.asIntN(64, result);
    return ` → -${errnoName(Number(signed))} (${signed})`;
  }

  /** The value that a lookup found. */
  foundText(call: TraceCall): string {
    const map = this.mapOf(call);
    if (call.found === null || map === undefined || call.found.length !== map.value_size) return 'an address';
    return this.bytes(map.value_type_id, call.found);
  }

  /** What was there instead. */
  private present(call: TraceCall): string {
    const map = this.mapOf(call);
    if (call.keys === null) return '';
    if (map !== undefined && ARRAYS.has(map.type)) return `, indices go to ${map.max_entries - 1}`;
    if (call.keys.length === 0) return ', the map is empty';
    const keys = call.keys.map((key) => this.keyText(map, key)).join(' ');
    return `, keys present: ${keys}${call.more_keys ? ' …' : ''}`;
  }
}

/** Text where it is text, else the first bytes. */
function memoryText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
  if (text.length > 1 && /^[\x20-\x7e\n]+$/.test(text)) return JSON.stringify(clip(text, VALUE_SHOWN));
  const shown = bytes.subarray(0, 16);
  return `hex:${toHex(shown)}${shown.length < bytes.length ? '…' : ''}`;
}

/** Where a pointer leads that a lookup returned. */
export function resultPlace(call: TraceCall, wrote: TracePlace | null | undefined): TracePlace | null {
  return call.result_kind === 'address' && wrote?.region === 'map value' ? wrote : null;
}
