import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import pg from 'pg';

// The usual way to serve a point read under a caller's role: the documented JWT library, a pool, and the very statements
// the product sends, each a round trip of its own; plain parametrised queries, or prepared ones where asked for.
type Arguments = [socketDir: string, port: string, database: string, password: string, jwtSecret: string, mode: string];
const [socketDir, port, database, password, jwtSecret, mode] = process.argv.slice(2) as Arguments;
const named = (name: string) => (mode === 'prepared' ? { name } : {});
const pool = new pg.Pool({ host: socketDir, port: Number(port), database, user: 'authenticator', password, max: 10 });
const key = new TextEncoder().encode(jwtSecret);

const settings = `select set_config('search_path', $1, true), set_config('role', $2, true),
  set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true), set_config('request.path', $5, true),
  set_config('request.headers', $6, true), set_config('request.cookies', $7, true)`;
const read = `with pgrst_source as (select id, owner, title, done, inserted_at from public.bench_todos where id = $1)
  select null::bigint as total_result_set, pg_catalog.count(_postgrest_t) as page_total,
    coalesce(json_agg(_postgrest_t), '[]')::text as body,
    nullif(current_setting('response.headers', true), '') as response_headers,
    nullif(current_setting('response.status', true), '') as response_status
  from (select * from pgrst_source) _postgrest_t`;

const server = createServer((request, response) => {
  void (async () => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
    const id = /id=eq\.(\d+)/.exec(request.url ?? '')?.[1] ?? '1';
    const values = [
      '"public"',
      String(payload.role),
      JSON.stringify(payload),
      request.method,
      request.url,
      JSON.stringify(request.headers),
      '{}',
    ];
    const client = await pool.connect();
    try {
      await client.query('begin isolation level read committed read only');
      await client.query({ ...named('settings'), text: settings, values });
      const { rows } = await client.query({ ...named('read'), text: read, values: [id] });
      await client.query('commit');
      const body = rows[0].body as string;
      response
        .writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
        })
        .end(body);
    } finally {
      client.release();
    }
  })().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
