import { createCipheriv, scrypt } from 'node:crypto';
import { equalInConstantTime } from './constant-time.ts';

/** A stored hash whose form is known and whose cost is bearable. */
export type PasswordHash =
  | { readonly kind: 'bcrypt'; readonly text: string }
  | { readonly kind: 'argon2'; readonly text: string }
  | ({ readonly kind: 'firebase' } & FirebaseHash);

/** Firebase's variant of scrypt: the derived key encrypts the project's signer key. */
export interface FirebaseHash {
  /** scrypt's N, r and p. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly saltSeparator: Buffer;
  readonly signerKey: Buffer;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const bcrypt = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const argon2 =
  /^\$argon2id?\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,172})$/;
const firebase = /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}),ss=([^,$]*),sk=([^,$]+)\$([^$]+)\$([^$]+)$/;

// Memory in KiB, passes and lanes that a check may cost (GoTrue, "Passwords").
const most = { memory: 1_048_576, passes: 20, lanes: 16 };
/** Bytes that scrypt may take, the same as argon2's memory. */
const scryptMemory = most.memory * 1_024;

/**
 * Reads a stored hash: bcrypt, argon2i and argon2id (PHC form, version 19), or Firebase scrypt
 * (`$fbscrypt$v=1,n=,r=,p=,ss=,sk=$salt$hash`, base64).
 *
 * @returns undefined for any other form, and for parameters that would cost too much
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  if (bcrypt.test(text)) return { kind: 'bcrypt', text };
  const ours = argon2.exec(text);
  if (ours) {
    const [memory, passes, lanes] = ours.slice(1, 4).map(Number) as [number, number, number];
    const isBearable = memory <= most.memory && passes <= most.passes && lanes <= most.lanes;
    return isBearable && memory >= 8 * lanes && passes >= 1 && lanes >= 1 ? { kind: 'argon2', text } : undefined;
  }
  const theirs = firebase.exec(text);
  return theirs ? readFirebase(theirs) : undefined;
}

function readFirebase(match: RegExpExecArray): PasswordHash | undefined {
  const [exponent, blockSize, parallelization] = match.slice(1, 4).map(Number) as [number, number, number];
  const [saltSeparator, signerKey, salt, hash] = match.slice(4).map(readBase64) as (Buffer | undefined)[];
  if (!saltSeparator || !signerKey?.length || !salt?.length || !hash?.length) return undefined;
  const cost = 2 ** exponent;
  const isBearable =
    exponent >= 1 &&
    blockSize >= 1 &&
    parallelization >= 1 &&
    parallelization <= most.lanes &&
    128 * blockSize * (cost + parallelization) <= scryptMemory;
  return isBearable
    ? { kind: 'firebase', cost, blockSize, parallelization, saltSeparator, signerKey, salt, hash }
    : undefined;
}

function readBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** Whether a password belongs to a Firebase hash. The derivation runs off the event loop. */
export async function fitsFirebase(password: string, stored: FirebaseHash): Promise<boolean> {
  const { cost, blockSize, parallelization, salt, saltSeparator, signerKey, hash } = stored;
  const key = await new Promise<Buffer>((resolve, reject) => {
    const options = { N: cost, r: blockSize, p: parallelization, maxmem: 2 * scryptMemory };
    scrypt(password, Buffer.concat([salt, saltSeparator]), 32, options, (error, derived) =>
      error ? reject(error) : resolve(derived),
    );
  });
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const made = Buffer.concat([cipher.update(signerKey), cipher.final()]);
  return equalInConstantTime(made.toString('base64'), hash.toString('base64'));
}
