/** Header in which the dashboard says for whom it calls a function or asks the REST API; without it, for the server itself. */
export const callAsHeader = 'x-studio-as';

/** Tokens that a call can have. */
export interface CallTokens {
  readonly service: string | undefined;
  readonly anon: string | undefined;
  /** One of a user's; undefined where there is no such user, or auth does not run here. */
  readonly user: (id: string) => Promise<string | undefined>;
}

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * The token of a call: that of `service`, of `anon` or of `user:<id>`; none for `none` and for whatever else is asked for.
 *
 * @returns `no-user` where a user is asked for and there is none
 */
export async function callToken(
  as: string | readonly string[] | undefined,
  tokens: CallTokens,
): Promise<{ readonly token: string | undefined } | 'no-user'> {
  if (as === undefined || as === 'service') return { token: tokens.service };
  if (as === 'anon') return { token: tokens.anon };
  if (typeof as !== 'string' || !as.startsWith('user:')) return { token: undefined };
  const id = as.slice('user:'.length);
  const token = uuid.test(id) ? await tokens.user(id) : undefined;
  return token === undefined ? 'no-user' : { token };
}
