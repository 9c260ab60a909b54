import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

type Cbor = number | string | Buffer | ReadonlyMap<number | string, Cbor>;

/** Enough of CBOR (RFC 8949) for what authenticators say. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  return length < 256
    ? Buffer.from([(major << 5) | 24, length])
    : Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** Lies an authenticator, or the browser before it, may tell. */
export interface Lies {
  readonly origin?: string;
  readonly domain?: string;
  readonly challenge?: string;
  readonly userHandle?: string;
  readonly type?: string;
  /** The user was not there. */
  readonly absent?: boolean;
  readonly counter?: number;
}

/** An authenticator made of software, with one key (WebAuthn §6). */
export interface SoftAuthenticator {
  readonly id: string;
  /** Answers options for making a key. */
  create(options: { challenge: string; user: { id: string } }, lies?: Lies): Record<string, unknown>;
  /** Answers options for using a key. */
  get(options: { challenge: string }, lies?: Lies): Record<string, unknown>;
}

/** @param site where the browser is, e.g. `https://example.com` */
export function softAuthenticator(site: string): SoftAuthenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(32);
  let counter = 0;
  let owner = '';

  function authData({ domain = new URL(site).hostname, absent = false, ...lies }: Lies, attested?: Buffer): Buffer {
    const flags = (absent ? 0 : 0x05) | (attested ? 0x40 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(lies.counter ?? ++counter);
    return Buffer.concat([sha256(domain), Buffer.from([flags]), count, ...(attested ? [attested] : [])]);
  }
  const clientData = (type: string, challenge: string, lies: Lies): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? site,
        crossOrigin: false,
      }),
    );
  const answer = (response: Record<string, unknown>): Record<string, unknown> => ({
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
    clientExtensionResults: {},
    response,
  });

  return {
    id: id.toString('base64url'),
    create({ challenge, user }, lies = {}) {
      owner = user.id;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const attested = Buffer.concat([Buffer.alloc(16), length, id, cbor(coseKey(publicKey))]);
      const statement = new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData(lies, attested)],
      ]);
      return answer({
        clientDataJSON: clientData('webauthn.create', challenge, lies).toString('base64url'),
        attestationObject: cbor(statement).toString('base64url'),
        transports: ['internal'],
      });
    },
    get({ challenge }, lies = {}) {
      const data = authData(lies);
      const client = clientData('webauthn.get', challenge, lies);
      return answer({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', Buffer.concat([data, sha256(client)]), privateKey).toString('base64url'),
        userHandle: lies.userHandle ?? owner,
      });
    },
  };
}

// ES256 on P-256 (RFC 9053).
function coseKey(key: KeyObject): ReadonlyMap<number, Cbor> {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return new Map<number, Cbor>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ]);
}
