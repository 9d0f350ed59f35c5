/** Bytes as contract cases write them: frames by name and length, runs of zeros, patterns, hex, parts of what went in. */
import { counting, ethernet, ipv4, ipv6, sized, udp } from '../support/frames.ts';

const UDP = ethernet(0x0800, ipv4(17, udp(4000, 53, counting(30))));
const UDP6 = ethernet(0x86dd, ipv6(17, udp(4000, 53, counting(10))));

function hexBytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What of the input comes out: `same` all of it, `same N` its first bytes, `@A N` bytes from A on. */
function fromInput(input: Uint8Array, at: number, count: number | null): Uint8Array {
  return count === null ? input.subarray(at) : input.subarray(at, at + count);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Words one after the other: `hex 0a0b 0c`, `zeros N`, `pattern N`, `udp N`, `udp6 N`, `type ETHERTYPE N`; and where a case
 * expects what went in: `same`, `same N`, `@A N`, `network` (the frame with its Ethernet header zeroed).
 */
export function bytesFrom(text: string, input: Uint8Array = new Uint8Array(0)): Uint8Array {
  const words = text.split(' ').filter((word) => word !== '');
  const parts: Uint8Array[] = [];
  const number = () => Number(words.shift());
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === 'zeros') parts.push(new Uint8Array(number()));
    else if (word === 'pattern') parts.push(Uint8Array.from({ length: number() }, (_, i) => i * 7 + (i >> 8)));
    else if (word === 'udp') parts.push(sized(UDP, number()));
    else if (word === 'udp6') parts.push(sized(UDP6, number()));
    else if (word === 'type') parts.push(sized(ethernet(Number.parseInt(words.shift()!, 16), [1, 2, 3, 4]), number()));
    else if (word === 'same') parts.push(fromInput(input, 0, /^\d+$/.test(words[0] ?? '') ? number() : null));
    else if (word.startsWith('@')) parts.push(fromInput(input, Number(word.slice(1)), number()));
    else if (word === 'network') parts.push(new Uint8Array(14), input.subarray(14));
    else if (word !== 'hex') parts.push(hexBytes(word));
  }
  return joined(parts);
}
