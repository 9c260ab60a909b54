import type { Claims } from '#kernel/jwt';
import { authError } from '../../errors.ts';

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf =
  (isItem: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(isItem);

/** What claims must look like, whatever a hook made of them; the first group must be there. */
const required: Readonly<Record<string, (value: unknown) => boolean>> = {
  aud: (value) => isText(value) || isListOf(isText)(value),
  exp: isNumber,
  iat: isNumber,
  sub: isText,
  email: isText,
  phone: isText,
  role: isText,
  aal: isText,
  session_id: isText,
  is_anonymous: isFlag,
};
const optional: Readonly<Record<string, (value: unknown) => boolean>> = {
  jti: isText,
  iss: isText,
  nbf: isNumber,
  app_metadata: isObject,
  user_metadata: isObject,
  amr: (value) => isListOf(isText)(value) || isListOf(isObject)(value),
};

/**
 * Takes the claims out of what the hook for access tokens answered (GoTrue, "JWT": custom access tokens).
 *
 * @throws unexpected_failure naming what is missing or of the wrong type
 */
export function readClaims(output: Readonly<Record<string, unknown>>): Claims & { readonly exp: number } {
  const { claims } = output;
  if (!isObject(claims)) throw authError('unexpected_failure', { message: 'output claims field is missing' });
  const values = claims as Readonly<Record<string, unknown>>;
  const problems = [
    ...Object.keys(required)
      .filter((name) => values[name] === undefined)
      .map((name) => `${name} is required`),
    ...Object.entries({ ...required, ...optional })
      .filter(([name, isRight]) => values[name] !== undefined && !isRight(values[name]))
      .map(([name]) => `${name} has the wrong type`),
  ];
  if (problems.length > 0)
    throw authError('unexpected_failure', {
      message: `output claims do not conform to the expected schema: \n- ${problems.join('\n- ')}`,
    });
  return values as Claims & { readonly exp: number };
}
