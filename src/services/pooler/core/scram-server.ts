import { randomBytes } from 'node:crypto';
import { hmac, isSame, type ScramVerifier, sha256, xor } from './secret.ts';

/** Why an exchange ends: the client broke the protocol, wants channel binding, or its proof is wrong. */
export type ScramRefusal = 'malformed' | 'channel-binding' | 'wrong';

/** An exchange that waits for the client's final message. */
export interface ScramChallenge {
  /** What the client is sent. */
  readonly serverFirst: string;
  /** Judges the final message. `clientKey` logs the same role in elsewhere. */
  finish(
    clientFinal: string,
  ):
    | { readonly ok: true; readonly serverFinal: string; readonly clientKey: Buffer }
    | { readonly ok: false; readonly why: ScramRefusal };
}

// Printable ASCII without the comma (RFC 5802 §7).
const nonceForm = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;

/**
 * Begins the server's side of SCRAM-SHA-256 (RFC 5802) with the stored verifier's own salt and iteration count. The
 * user name in the message is ignored, as in PostgreSQL. Channel binding is not offered; a client that insists is refused.
 */
export function beginScram(
  verifier: ScramVerifier,
  clientFirst: string,
  serverNonce: string = randomBytes(18).toString('base64'),
): ScramChallenge | { readonly refused: ScramRefusal } {
  const match = /^(([nyp])(?:=([^,]*))?,([^,]*),)(.*)$/s.exec(clientFirst);
  if (!match) return { refused: 'malformed' };
  const [, header, flag, bindingName, authorisation, bare] = match as unknown as string[];
  if (flag === 'p') return { refused: 'channel-binding' };
  if (bindingName !== undefined || authorisation !== '') return { refused: 'malformed' };
  const [name, nonce] = (bare as string).split(',');
  // A mandatory extension (m=) would stand in the name's place.
  if (!name?.startsWith('n=') || !nonce?.startsWith('r=') || !nonceForm.test(nonce.slice(2)))
    return { refused: 'malformed' };

  const combined = nonce.slice(2) + serverNonce;
  const serverFirst = `r=${combined},s=${verifier.salt},i=${verifier.iterations}`;
  const binding = Buffer.from(header as string).toString('base64');
  return {
    serverFirst,
    finish(clientFinal) {
      const final = /^(c=([^,]*),r=([^,]*)(?:,[^,]*)*),p=([A-Za-z0-9+/=]+)$/s.exec(clientFinal);
      if (!final) return { ok: false, why: 'malformed' };
      const [, withoutProof, claimed, echoed, proofText] = final as unknown as [string, string, string, string, string];
      if (claimed !== binding) return { ok: false, why: 'channel-binding' };
      const proof = Buffer.from(proofText, 'base64');
      if (echoed !== combined || proof.length !== 32) return { ok: false, why: 'malformed' };
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      const clientKey = xor(proof, hmac(verifier.storedKey, authMessage));
      if (!isSame(sha256(clientKey), verifier.storedKey)) return { ok: false, why: 'wrong' };
      return { ok: true, serverFinal: `v=${hmac(verifier.serverKey, authMessage).toString('base64')}`, clientKey };
    },
  };
}
