import { randomBytes } from 'node:crypto';
import { type Credentials, hmac, isSame, scramKeys, sha256, xor } from './secret.ts';

/** Iterations beyond which a server is not obeyed: it could keep this process busy for minutes. */
const mostIterations = 1_000_000;

/** The client's side of SCRAM-SHA-256 with a password, or with the ClientKey of somebody who proved to have it. */
export interface ScramLogin {
  readonly clientFirst: string;
  /** Answers server-first. @throws Error when the server breaks the protocol */
  answer(serverFirst: string): Promise<string>;
  /** Whether server-final shows that the server knows the password too. */
  isGenuine(serverFinal: string): boolean;
}

/** Begins a login (RFC 5802). */
export function beginScramLogin(
  credentials: Extract<Credentials, { kind: 'scram' | 'password' }>,
  nonce: string = randomBytes(18).toString('base64'),
): ScramLogin {
  const bare = `n=,r=${nonce}`;
  let expected: Buffer | undefined;
  return {
    clientFirst: `n,,${bare}`,
    async answer(serverFirst) {
      const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,.*)?$/s.exec(serverFirst);
      if (!match) throw new Error('the server sent a malformed SCRAM message');
      const [, combined, salt, iterations] = match as unknown as [string, string, string, string];
      if (!combined.startsWith(nonce) || combined.length === nonce.length)
        throw new Error('the server sent a SCRAM nonce that is not ours');
      if (Number(iterations) < 1 || Number(iterations) > mostIterations)
        throw new Error('the server asks for an unreasonable SCRAM iteration count');
      const keys =
        credentials.kind === 'scram'
          ? { ...credentials, storedKey: sha256(credentials.clientKey) }
          : await scramKeys(credentials.password, Buffer.from(salt, 'base64'), Number(iterations));
      const withoutProof = `c=biws,r=${combined}`;
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      expected = hmac(keys.serverKey, authMessage);
      const proof = xor(keys.clientKey, hmac(keys.storedKey, authMessage));
      return `${withoutProof},p=${proof.toString('base64')}`;
    },
    isGenuine(serverFinal) {
      const match = /^v=([A-Za-z0-9+/=]+)(?:,.*)?$/s.exec(serverFinal);
      return expected !== undefined && match !== null && isSame(Buffer.from(match[1] as string, 'base64'), expected);
    },
  };
}
