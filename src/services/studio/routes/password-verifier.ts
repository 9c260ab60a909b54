import { scramVerifier } from '#kernel/sql';
import { studioError } from '../errors.ts';
import type { Route } from './route.ts';

const mostCharacters = 1024;

/**
 * What PostgreSQL keeps of a password, `{password}`: `{verifier}`. The dashboard puts that into its statements, which are logged,
 * in place of the password.
 */
export const passwordVerifierPost: Route = {
  method: 'POST',
  path: '/password-verifier',
  role: 'developer',
  async handle({ body: { password } }) {
    const isOne = typeof password === 'string' && password.length >= 8 && password.length <= mostCharacters;
    const verifier = isOne ? await scramVerifier(password) : undefined;
    if (verifier === undefined)
      throw studioError('invalid_request', {
        message: "A database role's password has 8 letters, digits and signs of ASCII or more",
      });
    return { verifier };
  },
};
