import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { jwtVerify } from 'jose';
import pg from 'pg';
import type { NaiveSetup } from './naive.ts';

// The usual way to serve a request under a caller's role: the documented JWT library, a pool, and the very statements
// the product sends, each a round trip of its own; plain parametrised queries, or prepared ones where asked for.
const { connection, jwtSecret, prepared, scenarios, keyValue } = JSON.parse(
  readFileSync(process.argv[2] as string, 'utf8'),
) as NaiveSetup;
const pool = new pg.Pool({ ...connection, max: 10 });
const key = new TextEncoder().encode(jwtSecret);

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const server = createServer((request, response) => {
  void (async () => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
    const url = new URL(request.url ?? '/', 'http://localhost');
    const name = url.pathname.slice(1);
    const { begin = 'begin', steps, body: givenBody } = scenarios[name] as NaiveSetup['scenarios'][string];
    const id = url.searchParams.get('key');
    const sent = request.method === 'POST' ? await textOf(request) : undefined;
    const client = await pool.connect();
    try {
      await client.query(begin);
      let row: Record<string, string> = {};
      for (const [number, { text, values }] of steps.entries()) {
        const bound = values.map((value) => {
          if (value === keyValue) return id;
          if (value !== null && value === givenBody) return sent;
          return number === 0 && value?.startsWith('{"sub"') ? JSON.stringify(payload) : value;
        });
        const result = await client.query({
          ...(prepared && { name: `${name} ${number}` }),
          text,
          values: bound,
        });
        row = result.rows[0];
      }
      await client.query('commit');
      const answer = typeof row.body === 'string' ? row.body : JSON.stringify(row.body);
      response
        .writeHead(request.method === 'POST' ? 201 : 200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(answer),
        })
        .end(answer);
    } finally {
      client.release();
    }
  })().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
