import type { Metadata } from '../../sql/rows.ts';
import type { NewKey } from '../webauthn/ceremony.ts';

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const aaguidBytes = (aaguid: string): Buffer => Buffer.from(aaguid.replaceAll('-', ''), 'hex');
const aaguidText = (base64: string): string =>
  Buffer.from(base64, 'base64')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A security key in the form the column `web_authn_credential` has upstream. */
export const encodeKey = (key: NewKey, cloneWarning = false): Metadata => ({
  id: toBase64(Buffer.from(key.id, 'base64url')),
  publicKey: toBase64(key.publicKey),
  attestationType: 'none',
  transport: [...key.transports],
  flags: {
    userPresent: true,
    userVerified: key.userVerified,
    backupEligible: key.backupEligible,
    backupState: key.backedUp,
  },
  authenticator: { AAGUID: toBase64(aaguidBytes(key.aaguid)), signCount: key.counter, cloneWarning, attachment: '' },
});

/** Reads that form. @returns undefined when there is no key in it */
export function decodeKey(credential: Metadata | null | undefined): NewKey | undefined {
  const { id, publicKey, transport, flags, authenticator } = (credential ?? {}) as {
    readonly id?: unknown;
    readonly publicKey?: unknown;
    readonly transport?: unknown;
    readonly flags?: Metadata;
    readonly authenticator?: Metadata;
  };
  if (typeof id !== 'string' || typeof publicKey !== 'string' || id === '' || publicKey === '') return undefined;
  const { AAGUID, signCount } = authenticator ?? {};
  return {
    id: Buffer.from(id, 'base64').toString('base64url'),
    publicKey: Buffer.from(publicKey, 'base64'),
    counter: typeof signCount === 'number' ? signCount : 0,
    transports: Array.isArray(transport) ? transport.filter((item) => typeof item === 'string') : [],
    aaguid: aaguidText(typeof AAGUID === 'string' ? AAGUID : toBase64(Buffer.alloc(16))),
    backupEligible: flags?.backupEligible === true,
    backedUp: flags?.backupState === true,
    userVerified: flags?.userVerified === true,
  };
}
