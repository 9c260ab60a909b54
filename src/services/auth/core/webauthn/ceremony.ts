import { randomBytes } from 'node:crypto';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Metadata } from '../../sql/rows.ts';
import type { WireObject } from '../user-view.ts';
import type { RelyingParty } from './relying-party.ts';

/** A key as it is recognised by. */
export interface StoredKey {
  /** base64url. */
  readonly id: string;
  /** COSE key. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** A key that was just made. */
export interface NewKey extends StoredKey {
  readonly aaguid: string;
  /** The key can leave its device, e.g. by a password manager. */
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
}

/** A key that proved itself. */
export interface ProvenKey {
  readonly counter: number;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
  /** The counter went back: there may be two of the key. */
  readonly isSuspect: boolean;
}

/** Options for the browser, with the challenge to be kept until the answer. */
export interface Ceremony {
  readonly options: WireObject;
  /** base64url of 32 bytes. */
  readonly challenge: string;
}

// The library is large and few installations use it.
const library = () => import('@simplewebauthn/server');

/** Whose key it is to be: the id becomes the user handle, as the bytes of its text; the first other text is the name shown. */
export interface KeyHolder {
  readonly id: string;
  readonly email?: string | null | undefined;
  readonly phone?: string | null | undefined;
  readonly name?: string;
}

/** Options for making a key (WebAuthn §5.4). */
export async function creationOptions(
  party: RelyingParty,
  user: KeyHolder,
  wanted: { readonly known: readonly StoredKey[]; readonly timeout: number; readonly isPasskey: boolean },
): Promise<Ceremony> {
  const { generateRegistrationOptions } = await library();
  const name = user.name || user.email || user.phone || user.id;
  const options = await generateRegistrationOptions({
    rpName: party.name,
    rpID: party.id,
    userID: new Uint8Array(Buffer.from(user.id)),
    userName: name,
    userDisplayName: name,
    challenge: new Uint8Array(randomBytes(32)),
    timeout: wanted.timeout,
    attestationType: 'none',
    excludeCredentials: wanted.known.map(descriptorOf),
    authenticatorSelection: {
      residentKey: wanted.isPasskey ? 'required' : 'discouraged',
      requireResidentKey: wanted.isPasskey,
      userVerification: 'preferred',
    },
  });
  return { options: { ...options }, challenge: options.challenge };
}

/** Options for using a key (WebAuthn §5.5). @param known keys that may answer; empty is any passkey */
export async function requestOptions(
  party: RelyingParty,
  wanted: { readonly known: readonly StoredKey[]; readonly timeout: number },
): Promise<Ceremony> {
  const { generateAuthenticationOptions } = await library();
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    challenge: new Uint8Array(randomBytes(32)),
    timeout: wanted.timeout,
    userVerification: 'preferred',
    ...(wanted.known.length > 0 && { allowCredentials: wanted.known.map(descriptorOf) }),
  });
  return { options: { ...options }, challenge: options.challenge };
}

const descriptorOf = ({ id, transports }: StoredKey) => ({ id, transports: [...transports] });

/** What every answer is held against. Whether the user was verified is noted, not asked for. */
const expected = (party: RelyingParty, challenge: string) => ({
  expectedChallenge: challenge,
  expectedOrigin: [...party.origins],
  expectedRPID: party.id,
  requireUserVerification: false,
});

/** Checks what a browser answered to options for making a key (WebAuthn §7.1). @returns undefined when it does not fit */
export async function checkCreation(
  party: RelyingParty,
  challenge: string,
  answer: Metadata,
): Promise<NewKey | undefined> {
  const { verifyRegistrationResponse } = await library();
  const result = await verifyRegistrationResponse({
    response: answer as unknown as RegistrationResponseJSON,
    ...expected(party, challenge),
  }).catch(unfit);
  if (!result?.verified) return undefined;
  const { credential, aaguid, credentialDeviceType, credentialBackedUp, userVerified } = result.registrationInfo;
  return {
    id: credential.id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    transports: transportsOf(credential.transports),
    aaguid,
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp: credentialBackedUp,
    userVerified,
  };
}

/** Checks what a browser answered to options for using a key (WebAuthn §7.2). @returns undefined when it does not fit */
export async function checkAssertion(
  party: RelyingParty,
  challenge: string,
  answer: Metadata,
  key: StoredKey,
): Promise<ProvenKey | undefined> {
  const { verifyAuthenticationResponse } = await library();
  const result = await verifyAuthenticationResponse({
    response: answer as unknown as AuthenticationResponseJSON,
    ...expected(party, challenge),
    // A counter that goes back is told to the caller instead: passkeys that travel between devices do that honestly.
    credential: { id: key.id, publicKey: new Uint8Array(key.publicKey), counter: 0 },
  }).catch(unfit);
  if (!result?.verified) return undefined;
  const { newCounter, credentialBackedUp, userVerified } = result.authenticationInfo;
  return {
    counter: newCounter,
    backedUp: credentialBackedUp,
    userVerified,
    isSuspect: (newCounter > 0 || key.counter > 0) && newCounter <= key.counter,
  };
}

// The library throws for every answer that does not fit, whatever a stranger put into it.
const unfit = (): undefined => undefined;

const transportsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string' && item.length <= 32).slice(0, 10) : [];
