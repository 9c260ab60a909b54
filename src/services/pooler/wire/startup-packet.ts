import { requestCode } from './messages.ts';

/** A client's first packet, taken apart. */
export type FirstPacket =
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gss-request' }
  | { readonly kind: 'cancel-request'; readonly pid: number; readonly secret: Buffer }
  | {
      readonly kind: 'startup';
      readonly major: number;
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'malformed' };

const malformed: FirstPacket = { kind: 'malformed' };

/**
 * Length of the packet that begins here, undefined while its four bytes are not there. Whoever calls it holds the
 * length against a bound before it waits for more.
 */
export function packetLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : bytes.readUInt32BE(0);
}

/** Takes a whole packet apart, length included. Never throws. */
export function parseFirstPacket(bytes: Buffer): FirstPacket {
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== bytes.length) return malformed;
  const code = bytes.readUInt32BE(4);
  switch (code) {
    case requestCode.ssl:
      return bytes.length === 8 ? { kind: 'ssl-request' } : malformed;
    case requestCode.gss:
      return bytes.length === 8 ? { kind: 'gss-request' } : malformed;
    case requestCode.cancel: {
      // Keys of protocol 3.2 may be longer; ours never are.
      if (bytes.length < 16 || bytes.length > 12 + 256) return malformed;
      return { kind: 'cancel-request', pid: bytes.readInt32BE(8), secret: Buffer.from(bytes.subarray(12)) };
    }
    default: {
      const parameters = parseParameters(bytes.subarray(8));
      return parameters ? { kind: 'startup', major: code >>> 16, minor: code & 0xffff, parameters } : malformed;
    }
  }
}

function parseParameters(bytes: Buffer): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = bytes.indexOf(0, at);
    if (nameEnd < 0) return undefined;
    // An empty name ends the list; nothing may follow.
    if (nameEnd === at) return nameEnd === bytes.length - 1 ? parameters : undefined;
    const valueEnd = bytes.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) return undefined;
    const name = bytes.toString('utf8', at, nameEnd);
    if (parameters.has(name)) return undefined;
    parameters.set(name, bytes.toString('utf8', nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return undefined;
}
