import type { Metadata } from '../../sql/rows.ts';
import { nameOfAuthenticator } from '../passkeys/authenticators.ts';
import {
  type Ceremony,
  checkAssertion,
  checkCreation,
  creationOptions,
  type NewKey,
  type ProvenKey,
  requestOptions,
  type StoredKey,
} from './ceremony.ts';
import type { RelyingParty } from './relying-party.ts';

/** Passkeys of accounts that are not users of the project. */
export interface PasskeyCeremonies {
  /** Options for making a key. @param timeout milliseconds */
  create(
    party: RelyingParty,
    holder: { readonly id: string; readonly name: string },
    known: readonly StoredKey[],
    timeout: number,
  ): Promise<Ceremony>;
  /** @returns the key with a name for it; undefined when the answer does not fit */
  created(
    party: RelyingParty,
    challenge: string,
    answer: Metadata,
  ): Promise<(NewKey & { readonly name: string }) | undefined>;
  /** Options for using any key. @param timeout milliseconds */
  ask(party: RelyingParty, timeout: number): Promise<Ceremony>;
  /** @returns undefined when the answer does not fit */
  proven(party: RelyingParty, challenge: string, answer: Metadata, key: StoredKey): Promise<ProvenKey | undefined>;
}

/** The ceremonies that users go through, for others. */
export const passkeyCeremonies: PasskeyCeremonies = {
  create: (party, holder, known, timeout) => creationOptions(party, holder, { known, timeout, isPasskey: true }),
  async created(party, challenge, answer) {
    const key = await checkCreation(party, challenge, answer);
    return key && { ...key, name: nameOfAuthenticator(key.aaguid) };
  },
  ask: (party, timeout) => requestOptions(party, { known: [], timeout }),
  proven: checkAssertion,
};
