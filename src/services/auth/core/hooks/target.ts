import { quoteIdentifier } from '#kernel/sql';
import { parseHookSecret, type Signer } from './signature.ts';

/** What stands behind a hook: a server, or a function of the database. */
export type HookTarget =
  | { readonly kind: 'http'; readonly url: string; readonly signers: readonly Signer[] }
  | { readonly kind: 'database'; readonly uri: string; readonly functionName: string };

/** Hosts that may be reached without TLS. */
const localHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', 'host.docker.internal']);

const identifier = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/;

/**
 * Reads where a hook lives (GoTrue, "Hooks").
 *
 * @param uri `https://…`, `http://` with a host of this machine, or `pg-functions://<database>/<schema>/<function>`
 * @param secrets `v1,whsec_<base64>`, several divided by `|`; empty leaves requests unsigned
 * @throws Error saying what is wrong
 */
export function parseHookTarget(uri: string, secrets: string): HookTarget {
  if (uri.startsWith('pg-functions://')) return parseFunction(uri);
  if (!URL.canParse(uri)) throw new Error('must be an https or pg-functions URI');
  const { protocol, hostname, username, password } = new URL(uri);
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error('must be an https or pg-functions URI');
  if (protocol === 'http:' && !localHosts.has(hostname))
    throw new Error('only localhost, 127.0.0.1, ::1 and host.docker.internal may be reached over http');
  if (username !== '' || password !== '') throw new Error('must not carry a user or password; secrets sign requests');
  const signers = secrets === '' ? [] : secrets.split('|').map((secret) => parseHookSecret(secret.trim()));
  return { kind: 'http', url: uri, signers };
}

function parseFunction(uri: string): HookTarget {
  const [database = '', schema = '', name = '', ...rest] = uri.slice('pg-functions://'.length).split('/');
  if (rest.length > 0 || ![database, schema, name].every((part) => identifier.test(part)))
    throw new Error('must have the form pg-functions://<database>/<schema>/<function>, of letters, digits and _');
  return { kind: 'database', uri, functionName: `${quoteIdentifier(schema)}.${quoteIdentifier(name)}` };
}
