/** Where a connection stands before it serves. */
export type LoginState =
  | 'greeting'
  | 'after-gss'
  | 'after-ssl'
  | 'encrypting'
  | 'encrypted'
  | 'looking-up'
  | 'sasl-first'
  | 'sasl-final'
  | 'md5'
  | 'opening'
  | 'serving'
  | 'closed';

/** What may happen to it. What the client sends is on the first two lines, our own doings on the third. */
export type LoginEvent =
  | 'gss-request'
  | 'ssl-request'
  | 'cancel-request'
  | 'startup'
  | 'probe'
  | 'client-hello'
  | 'password'
  | 'refuse-ssl'
  | 'secured'
  | 'ask-sasl'
  | 'ask-md5'
  | 'proven'
  | 'opened';

type Row = Readonly<Partial<Record<LoginEvent, LoginState>>>;

const first: Row = { startup: 'looking-up', 'cancel-request': 'closed' };

/**
 * Every way through the login. What does not stand here is a protocol violation and ends the connection: a second
 * StartupMessage, for one, has no place once the first was read, whatever the exchange is waiting for.
 */
export const loginStates: Readonly<Record<LoginState, Row>> = {
  greeting: {
    ...first,
    'gss-request': 'after-gss',
    'ssl-request': 'encrypting',
    'client-hello': 'encrypting',
    probe: 'closed',
  },
  'after-gss': { ...first, 'ssl-request': 'encrypting' },
  // Encryption by GSS is asked for first, or not at all.
  'after-ssl': first,
  encrypting: { 'refuse-ssl': 'after-ssl', secured: 'encrypted' },
  encrypted: first,
  'looking-up': { 'ask-sasl': 'sasl-first', 'ask-md5': 'md5' },
  'sasl-first': { password: 'sasl-final' },
  'sasl-final': { password: 'opening' },
  md5: { password: 'opening' },
  opening: { opened: 'serving' },
  serving: {},
  closed: {},
};

/** The state after an event, undefined when it may not happen there. */
export function nextLoginState(state: LoginState, event: LoginEvent): LoginState | undefined {
  return loginStates[state][event];
}
