import { randomBytes } from 'node:crypto';
import type { PasskeyCeremonies } from '../ports.ts';

/** What a fake authenticator says: it proves itself by repeating the challenge. */
export interface FakeAnswer {
  readonly id: string;
  readonly challenge: string;
  readonly userVerified: boolean;
  readonly counter: number;
}

const ceremony = () => {
  const challenge = randomBytes(8).toString('base64url');
  return { options: { challenge }, challenge };
};

/** Ceremonies without cryptography. */
export const fakePasskeys: PasskeyCeremonies = {
  create: async (_party, { name }, known) => {
    const { options, challenge } = ceremony();
    return { options: { ...options, name, known: known.map(({ id }) => id) }, challenge };
  },
  async created(party, challenge, answer) {
    const { id, challenge: said, userVerified, counter } = answer as unknown as FakeAnswer;
    const key = { id, publicKey: Buffer.from(party.id), counter, transports: ['internal'], name: 'Fake', userVerified };
    return said === challenge ? key : undefined;
  },
  ask: async () => ceremony(),
  async proven(party, challenge, answer, key) {
    const { challenge: said, userVerified, counter } = answer as unknown as FakeAnswer;
    const fits = said === challenge && Buffer.from(key.publicKey).toString() === party.id;
    return fits ? { counter, userVerified, isSuspect: counter <= key.counter } : undefined;
  },
};
