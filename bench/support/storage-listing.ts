import pg from 'pg';
import { median } from './load.ts';
import type { Product } from './product.ts';

/** Folders of the bucket that is listed; each holds the same number of objects. */
const folders = 1_000;
const pages = 200;

/**
 * Lists folders and pages of a bucket that holds many objects, as an application does: through the gateway, both kinds of
 * list, pages of 100. Rows are made by SQL; there is no content behind them, which a listing does not look at.
 */
export async function measureListing(product: Product, storage: string, key: string, objects: number): Promise<void> {
  const client = new pg.Client({
    host: product.database.socketDir,
    port: product.database.port,
    database: product.database.name,
    user: 'supabase_storage_admin',
    password: product.env.POSTGRES_PASSWORD ?? '',
  });
  await client.connect();
  try {
    const started = performance.now();
    await client.query(`insert into storage.buckets (id, name) values ('many', 'many') on conflict do nothing`);
    await client.query(
      `insert into storage.objects (bucket_id, name, version, created_at, updated_at, last_accessed_at, metadata)
       select 'many', format('folder %s/%s.txt', lpad((n % ${folders})::text, 4, '0'), lpad(n::text, 8, '0')),
         gen_random_uuid()::text, at, at, at,
         '{"eTag":"\\"x\\"","size":1,"mimetype":"text/plain","cacheControl":"no-cache","contentLength":1,"httpStatusCode":200}'
       from generate_series(1, ${objects}) n, lateral (select now() - n * interval '1.001 s' as at) as times`,
    );
    await client.query('vacuum analyze storage.objects');
    console.log(`${objects} objects made in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(storage + path, {
        method: 'POST',
        headers: { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
      return answer.json();
    };
    const folder = () => `folder ${String(Math.floor(Math.random() * folders)).padStart(4, '0')}`;
    const cursor = (last: string) => Buffer.from(`l:${last}\no:asc\nc:name`).toString('base64');
    const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
      'list, a folder, first 100': () => post('/object/list/many', { prefix: folder(), limit: 100 }),
      'list, a folder, 100 from the 500th': () =>
        post('/object/list/many', { prefix: folder(), limit: 100, offset: 500 }),
      'list, 100 folders of the root': () => post('/object/list/many', { prefix: '', limit: 100 }),
      'list-v2, 100 of everything from anywhere': () =>
        post('/object/list-v2/many', { limit: 100, cursor: cursor(`${folder()}/`) }),
      'list-v2, 100 folders from anywhere': () =>
        post('/object/list-v2/many', { limit: 100, with_delimiter: true, cursor: cursor(`${folder()}/`) }),
      'list-v2, 1000 of everything from anywhere': () =>
        post('/object/list-v2/many', { limit: 1_000, cursor: cursor(`${folder()}/`) }),
    };
    for (const [name, ask] of Object.entries(scenarios)) {
      for (let warm = 0; warm < 10; warm++) await ask();
      const times: number[] = [];
      for (let page = 0; page < pages; page++) {
        const began = performance.now();
        await ask();
        times.push(performance.now() - began);
      }
      times.sort((a, b) => a - b);
      const p95 = times[Math.floor(times.length * 0.95)] ?? Number.NaN;
      console.log(`  ${name.padEnd(42)} p50 ${median(times).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, bar 20`);
    }
    await explain(client);
  } finally {
    await client.end();
  }
}

/** Says how many blocks pages touch: a sort of everything would touch all of them, and spill. */
async function explain(client: pg.Client): Promise<void> {
  const total = await client.query(
    `select (pg_relation_size('storage.objects') / 8192)::int as blocks, count(*)::int as rows from storage.objects`,
  );
  console.log(`  the table has ${total.rows[0].rows} rows in ${total.rows[0].blocks} blocks; a page touches`);
  for (const [name, statement] of [
    ['search', `select * from storage.search('folder 0500', 'many', 100, 2, 0)`],
    ['list_objects_with_delimiter', `select * from storage.list_objects_with_delimiter('many', '', '/', 101)`],
  ] as const) {
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${statement}`);
    const plan = rows[0]['QUERY PLAN'][0].Plan;
    const touched = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    console.log(`    ${name}: ${touched} blocks, ${plan['Temp Written Blocks']} of a sort on disk`);
  }
}
