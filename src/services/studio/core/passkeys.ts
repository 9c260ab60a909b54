import { isIP } from 'node:net';
import { studioError } from '../errors.ts';
import type { PasskeyCeremonies, RelyingParty } from '../ports.ts';
import { operatorById } from '../sql/operators.ts';
import { addPasskey, keepChallenge, passkeyById, passkeysOf, takeChallenge, usePasskey } from '../sql/passkeys.ts';
import type { StudioContext } from './context.ts';
import { openSession } from './session.ts';
import { codeFits, countAttempt, noteSignIn, passwordFits, signedIn } from './sign-in.ts';

/** What a browser is asked, and by what its answer is found again. */
export interface AskedPasskey {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A browser's answer. */
export interface PasskeyAnswer {
  readonly id: unknown;
  /** `PublicKeyCredential.toJSON()`. */
  readonly credential: unknown;
}

const timeout = 5 * 60_000;

/**
 * Whom passkeys of the page at an origin are for. The origin is known to be the dashboard's own; what is made on one name is
 * not known on another.
 *
 * @throws ServiceError `no_passkey_origin` where browsers make none: without a name, or without TLS
 */
export function partyOf(origin: string | undefined): RelyingParty {
  const url = origin !== undefined && URL.canParse(origin) ? new URL(origin) : undefined;
  const isSafe = url?.protocol === 'https:' || url?.hostname === 'localhost' || url?.hostname.endsWith('.localhost');
  if (!url || !isSafe || isIP(url.hostname) !== 0 || url.hostname.startsWith('['))
    throw studioError('no_passkey_origin');
  return { id: url.hostname, name: 'pmoves-supabase', origins: [url.origin] };
}

/** Options for making a passkey, for somebody who shows once more who they are. */
export async function offerPasskey(
  context: StudioContext,
  operatorId: string,
  given: { readonly origin: string | undefined; readonly password: unknown; readonly code: unknown },
): Promise<AskedPasskey> {
  const { db, settings } = context;
  const party = partyOf(given.origin);
  const operator = await operatorById(db, operatorId);
  if (!operator || !(await passwordFits(context, String(given.password ?? ''), operator)))
    throw studioError('wrong_credentials');
  if (operator.totp) {
    if (!given.code) throw studioError('code_needed');
    if (!(await codeFits(context, operator, String(given.code)))) throw studioError('wrong_code');
  }
  const known = await passkeysOf(db, operator.id);
  if (known.length >= settings.passkeys) throw studioError('too_many_passkeys');
  const { options, challenge } = await ceremonies(context).create(party, operator, known, timeout);
  return { id: await keep(context, operator.id, challenge), options };
}

/** Keeps the passkey that a browser has made. @returns its name */
export async function addOfferedPasskey(
  context: StudioContext,
  operatorId: string,
  given: PasskeyAnswer & { readonly origin: string | undefined },
): Promise<string> {
  const { db, clock, settings } = context;
  const party = partyOf(given.origin);
  const challenge = await take(context, given.id, operatorId);
  const key = await ceremonies(context).created(party, challenge, objectOf(given.credential));
  // It stands for password and code, so the device has to ask whose hand it is in.
  if (!key?.userVerified) throw studioError('wrong_passkey');
  const { id, publicKey, counter, transports, name } = key;
  const passkey = { id, publicKey, counter, transports, name, operatorId, relyingParty: party.id, now: clock.now() };
  if (!(await addPasskey(db, passkey, settings.passkeys))) throw studioError('too_many_passkeys');
  return name;
}

/** Options for signing in with any passkey. @throws ServiceError `too_many_attempts` */
export async function askForPasskey(
  context: StudioContext,
  given: { readonly origin: string | undefined; readonly address: string },
): Promise<AskedPasskey> {
  const party = partyOf(given.origin);
  countAttempt(context, { address: given.address });
  const { options, challenge } = await ceremonies(context).ask(party, timeout);
  return { id: await keep(context, null, challenge), options };
}

/**
 * Signs in by a passkey, which stands for password and second factor.
 *
 * @returns the token of a new session
 * @throws ServiceError `wrong_passkey`
 */
export async function signInWithPasskey(
  context: StudioContext,
  given: PasskeyAnswer & {
    readonly origin: string | undefined;
    readonly address: string;
    readonly agent: string;
    readonly reqId: string;
  },
): Promise<string> {
  const { db, clock, ports, log } = context;
  const party = partyOf(given.origin);
  const challenge = await take(context, given.id, null);
  const answer = objectOf(given.credential);
  const key = typeof answer.id === 'string' ? await passkeyById(db, answer.id, party.id) : undefined;
  const operator = key && (await operatorById(db, key.operatorId));
  const proven = key && (await ceremonies(context).proven(party, challenge, answer, key));
  const isClosed = operator?.fromSettings && ports.owner.password === undefined;
  if (!operator || !proven?.userVerified || isClosed) {
    await noteSignIn(context, { name: operator?.name ?? '', address: given.address }, 'sign-in refused (passkey)');
    throw studioError('wrong_passkey');
  }
  if (proven.isSuspect)
    log.warn({ reqId: given.reqId, operator: operator.name }, 'the counter of a passkey went back; there may be two');
  await usePasskey(db, key.id, proven.counter, clock.now());
  const token = await openSession(context, operator.id, given);
  await signedIn(context, { name: operator.name, address: given.address }, 'sign-in (passkey)');
  return token;
}

function ceremonies({ ports }: StudioContext): PasskeyCeremonies {
  const passkeys = ports.credentials()?.passkeys;
  if (!passkeys) throw studioError('no_passwords');
  return passkeys;
}

const keep = ({ db, clock }: StudioContext, operatorId: string | null, challenge: string): Promise<string> =>
  keepChallenge(db, { operatorId, challenge, now: clock.now(), expiresAt: clock.now() + timeout });

async function take({ db, clock }: StudioContext, id: unknown, operatorId: string | null): Promise<string> {
  const isOne = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id);
  const challenge = isOne ? await takeChallenge(db, id, operatorId, clock.now()) : undefined;
  if (challenge === undefined) throw studioError('wrong_passkey');
  return challenge;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
