import { createHmac } from 'node:crypto';
import type { Product } from '../../bench/support/product.ts';
import { asPostgres } from '../../bench/support/product-sql.ts';

/** A kind of traffic to profile under. */
export interface Load {
  readonly summary: string;
  /** Makes what the requests need. */
  prepare(product: Product): Promise<unknown>;
  /** One whole HTTP/1.1 request. */
  next(product: Product): string;
}

const rows = 10_000;
const user = '11111111-1111-4111-8111-111111111111';

/** The loads by the name of the room they are about. */
export const loads: Readonly<Record<string, Load>> = {
  rest: {
    summary: 'single rows by key, with a JWT and row-level security',
    prepare: (product) =>
      asPostgres(
        product,
        `create table if not exists profile_rows (id int primary key, owner uuid, title text);
         insert into profile_rows select n, '${user}', 'row ' || n from generate_series(1, ${rows}) n on conflict do nothing;
         alter table profile_rows enable row level security;
         create policy own on profile_rows using ((select auth.uid()) = owner);
         notify pgrst, 'reload schema'`,
      ),
    next: (product) =>
      get(
        product,
        `/rest/v1/profile_rows?select=id,title&id=eq.${1 + Math.floor(Math.random() * rows)}`,
        bearer(product),
      ),
  },
  auth: {
    summary: "the signed-in user's own record",
    prepare: (product) =>
      asPostgres(
        product,
        `insert into auth.users (id, aud, role, email) values ('${user}', 'authenticated', 'authenticated', 'a@example.com') on conflict do nothing`,
      ),
    next: (product) => get(product, '/auth/v1/user', bearer(product)),
  },
  storage: {
    summary: 'a small file from a public bucket',
    prepare: async ({ url, env }) => {
      const key = env.SERVICE_ROLE_KEY ?? '';
      for (const [path, body] of [
        ['/bucket', JSON.stringify({ name: 'profile', public: true })],
        ['/object/profile/small', JSON.stringify('x'.repeat(1_022))],
      ]) {
        const headers = { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        const answer = await fetch(`${url}/storage/v1${path}`, { method: 'POST', headers, body: body ?? '' });
        if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
      }
    },
    next: ({ env }) => get({ env } as Product, '/storage/v1/object/public/profile/small', env.ANON_KEY ?? ''),
  },
  gateway: {
    summary: 'the health of every room',
    prepare: async () => {},
    next: (product) => get(product, '/health', product.env.ANON_KEY ?? ''),
  },
};

function bearer({ env }: Product): string {
  const claims = { sub: user, role: 'authenticated', aud: 'authenticated', exp: 4_000_000_000 };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', env.JWT_SECRET ?? '')
    .update(body)
    .digest('base64url')}`;
}

function get({ env }: Product, target: string, token: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: localhost\r\napikey: ${env.ANON_KEY}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}
