/** Header in which the dashboard says for whom it calls a function; without it, for the server itself. */
export const callAsHeader = 'x-studio-as';

/** Tokens that a call can have. */
export interface CallTokens {
  readonly service: string | undefined;
  readonly anon: string | undefined;
}

/** The token of a call: that of `service` or of `anon`; none for `none` and for whatever else is asked for. */
export function callToken(as: string | readonly string[] | undefined, tokens: CallTokens): string | undefined {
  if (as === undefined || as === 'service') return tokens.service;
  return as === 'anon' ? tokens.anon : undefined;
}
