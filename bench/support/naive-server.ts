import { createServer } from 'node:http';
import pg from 'pg';

// The naive way to serve a point read: a pool, a round trip for each statement, JSON made in JavaScript.
const [socketDir, port, database, password, claims] = process.argv.slice(2) as [string, string, string, string, string];
const pool = new pg.Pool({ host: socketDir, port: Number(port), database, user: 'authenticator', password, max: 10 });

const server = createServer((request, response) => {
  void (async () => {
    const id = /id=eq\.(\d+)/.exec(request.url ?? '')?.[1] ?? '1';
    const client = await pool.connect();
    try {
      await client.query('begin isolation level read committed read only');
      await client.query(`select set_config('search_path', $1, true)`, ['"public"']);
      await client.query(`select set_config('role', $1, true)`, ['authenticated']);
      await client.query(`select set_config('request.jwt.claims', $1, true)`, [claims]);
      const { rows } = await client.query({
        name: 'read',
        text: 'select id, owner, title, done, inserted_at from bench_todos where id = $1',
        values: [id],
      });
      await client.query('commit');
      const body = JSON.stringify(rows);
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    } finally {
      client.release();
    }
  })();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
