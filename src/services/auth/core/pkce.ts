import { createHash } from 'node:crypto';
import { invalid } from '../errors.ts';
import { equalInConstantTime } from './constant-time.ts';

/** A proof-key challenge that came with a request (RFC 7636). */
export interface CodeChallenge {
  readonly challenge: string;
  readonly method: 's256' | 'plain';
}

/** Reads the two PKCE parameters. @returns undefined when neither is there @throws validation_failed */
export function readChallenge(challenge: string, method: string): CodeChallenge | undefined {
  if (challenge === '' && method === '') return undefined;
  if (challenge === '' || method === '') throw invalid('PKCE flow requires code_challenge_method and code_challenge');
  if (challenge.length < 43 || challenge.length > 128)
    throw invalid('code challenge has to be between 43 and 128 characters');
  if (!/^[A-Za-z0-9._~-]+$/.test(challenge))
    throw invalid('code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes');
  const word = method.toLowerCase();
  if (word !== 's256' && word !== 'plain') throw invalid(`unsupported code_challenge method "${method}"`);
  return { challenge, method: word };
}

/** Whether a verifier belongs to a challenge; takes the same time wherever they differ. */
export function verifierFits({ challenge, method }: CodeChallenge, verifier: string): boolean {
  const answer = method === 's256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  return equalInConstantTime(answer, challenge);
}
