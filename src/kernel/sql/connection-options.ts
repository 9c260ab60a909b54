import { readFileSync } from 'node:fs';

/** How to reach a server. `host` may be a directory: then it is the Unix socket in there. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  /** libpq's sslmode; `prefer` tries TLS and falls back. Default `disable` for sockets, `prefer` otherwise. */
  readonly sslMode?: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** PEM text of the authorities to trust, for `verify-ca` and `verify-full`. */
  readonly sslRootCertificate?: string;
  readonly applicationName?: string;
}

/**
 * Reads a `postgres://` URL. Percent-escapes are decoded; `?host=/dir` names a Unix socket, `?sslmode=`,
 * `?sslrootcert=` and `?application_name=` are understood, others ignored.
 *
 * @throws Error when the text is no such URL
 */
export function parseConnectionUrl(text: string): ConnectionOptions {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) throw new Error('must be a postgres:// URL');
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode');
  const rootFile = url.searchParams.get('sslrootcert');
  const user = decodeURIComponent(url.username) || 'postgres';
  return {
    host: url.searchParams.get('host') ?? (url.hostname.replace(/^\[|\]$/g, '') || 'localhost'),
    port: Number(url.port || url.searchParams.get('port') || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    user,
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(mode && { sslMode: mode as NonNullable<ConnectionOptions['sslMode']> }),
    ...(rootFile && { sslRootCertificate: readFileSync(rootFile, 'utf8') }),
    ...(url.searchParams.has('application_name') && {
      applicationName: url.searchParams.get('application_name') as string,
    }),
  };
}
