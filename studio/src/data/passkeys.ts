import { studio } from './client.ts';

interface Asked {
  readonly id: string;
  readonly options: unknown;
}

/** A passkey of the own account. */
export interface Passkey {
  readonly id: string;
  readonly name: string;
  /** Domain it is good for. */
  readonly relyingParty: string;
  readonly createdAt: string;
  readonly usedAt: string | null;
}

/** Whether browsers make passkeys on this page: they want a name in its address, and TLS or localhost (WebAuthn §5). */
export const canUsePasskeys = (): boolean =>
  window.isSecureContext &&
  !/^[\d.]+$|^\[/.test(location.hostname) &&
  typeof window.PublicKeyCredential?.parseCreationOptionsFromJSON === 'function';

/** Signs in with a passkey that the browser lets the operator choose. @throws ApiError, DOMException when they choose none */
export async function signInByPasskey(): Promise<void> {
  const { id, options } = await studio<Asked>('/session/passkey', { method: 'POST', body: {} });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  await studio('/session/passkey', { method: 'POST', body: { id, credential: credential.toJSON() } });
}

/** Makes a passkey. @returns its name @throws ApiError, DOMException when the operator makes none */
export async function makePasskey(password: string, code: string): Promise<string> {
  const body = { password, ...(code !== '' && { code }) };
  const { id, options } = await studio<Asked>('/passkeys/options', { method: 'POST', body });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const answer = { id, credential: credential.toJSON() };
  return (await studio<{ name: string }>('/passkeys', { method: 'POST', body: answer })).name;
}

/** Whether somebody closed the browser's question, which is no error. */
export const isDeclined = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError');
