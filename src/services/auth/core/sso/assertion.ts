import { authError } from '../../errors.ts';
import type { Metadata } from '../../sql/rows.ts';

/** What a verified assertion says; nothing in here comes from an unsigned part of the answer. */
export interface SamlAssertion {
  readonly id: string;
  readonly issuer: string;
  readonly nameId: string;
  readonly nameIdFormat: string;
  /** Values by name, and by friendly name. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Confirmations of the subject by its bearer. */
  readonly confirmations: readonly {
    readonly inResponseTo: string;
    readonly recipient: string;
    readonly notOnOrAfter: string;
  }[];
  /** When the session at the identity provider ends; empty when it does not say. */
  readonly sessionEnd: string;
}

/** How attributes become claims, as administrators give it. */
export interface AttributeMapping {
  readonly keys?: Readonly<
    Record<
      string,
      {
        readonly name?: string;
        readonly names?: readonly string[];
        readonly default?: unknown;
        readonly array?: boolean;
      }
    >
  >;
}

const subjectId = 'urn:oasis:names:tc:SAML:attribute:subject-id';
const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

const emailNames = [
  'urn:oid:0.9.2342.19200300.100.1.3',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'http://schemas.xmlsoap.org/claims/EmailAddress',
  'mail',
  'Mail',
  'email',
  'Email',
];

const first = (assertion: SamlAssertion, name: string): string | undefined => assertion.attributes.get(name)?.[0];

/** The identity provider's lasting name for somebody. @throws saml_assertion_no_user_id */
export function userIdOf(assertion: SamlAssertion): string {
  const own = first(assertion, subjectId);
  if (own) return own;
  const { nameId, nameIdFormat } = assertion;
  // A transient name is another one each time.
  if (nameId === '' || nameIdFormat === transient) throw authError('saml_assertion_no_user_id');
  return nameIdFormat === emailFormat ? nameId.toLowerCase() : nameId;
}

/** The address an assertion names. @throws saml_assertion_no_email */
export function emailOf(assertion: SamlAssertion, mapping: AttributeMapping): string {
  const mapped = mappedValue(assertion, mapping.keys?.email);
  const email =
    (typeof mapped === 'string' ? mapped : undefined) ??
    emailNames.map((name) => first(assertion, name)).find((value) => value) ??
    (assertion.nameIdFormat === emailFormat ? assertion.nameId : undefined);
  if (!email?.includes('@')) throw authError('saml_assertion_no_email');
  return email.toLowerCase();
}

type Rule = NonNullable<AttributeMapping['keys']>[string];

function mappedValue(assertion: SamlAssertion, rule: Rule | undefined): unknown {
  if (!rule) return undefined;
  const names = [...(rule.name === undefined ? [] : [rule.name]), ...(rule.names ?? [])];
  const values = names.map((name) => assertion.attributes.get(name)).find((found) => found && found.length > 0);
  if (!values) return rule.default;
  return rule.array ? values : values[0];
}

/** Claims of an application's own, by the mapping. */
export function mappedClaims(assertion: SamlAssertion, mapping: AttributeMapping): Metadata {
  const claims = Object.entries(mapping.keys ?? {})
    .filter(([target]) => target !== 'email')
    .map(([target, rule]) => [target, mappedValue(assertion, rule)] as const)
    .filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(claims);
}

/** Reads a mapping. @throws Error that says what is wrong with it */
export function readMapping(given: Metadata): AttributeMapping {
  const { keys = {} } = given as { keys?: unknown };
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys))
    throw new Error('attribute_mapping.keys must be an object');
  for (const [target, rule] of Object.entries(keys as Record<string, unknown>)) {
    const { name, names, array } = (rule ?? {}) as { name?: unknown; names?: unknown; array?: unknown };
    const isNames = names === undefined || (Array.isArray(names) && names.every((one) => typeof one === 'string'));
    const isGood =
      typeof rule === 'object' &&
      rule !== null &&
      (name === undefined || typeof name === 'string') &&
      isNames &&
      (array === undefined || typeof array === 'boolean');
    if (!isGood) throw new Error(`attribute_mapping.keys.${target} must have name, names, default or array`);
  }
  return given as AttributeMapping;
}
