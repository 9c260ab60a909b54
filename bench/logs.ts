// Measured against a bare COPY of the same events, the same question in hand-written SQL, and rest with nothing else to do.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connectClient, copyIn } from '#kernel/sql';
import { copyData, RowBatch, Slabs } from '../src/services/analytics/sql/rows.ts';
import { median } from './support/load.ts';
import { paced } from './support/paced.ts';
import { processTree, startProduct } from './support/product.ts';

const events = Number(process.env.EVENTS ?? 200_000);
const rounds = Number(process.env.ROUNDS ?? 5);
const batch = 1_000;
const only = new Set((process.env.PARTS ?? 'ingest,query,rest').split(','));

const product = await startProduct({
  settings: { ANALYTICS_MAX_SIZE: '20GB', ANALYTICS_QUERY_TIMEOUT: '120s', GATEWAY_ACCESS_LOG: 'off' },
});
const { env } = product;
const database = {
  host: product.database.socketDir,
  port: product.database.port,
  user: 'supabase_admin',
  database: '_supabase',
  password: env.POSTGRES_PASSWORD ?? '',
};
const client = await connectClient(database);
const end = Date.now() * 1_000;
const day = 24 * 3_600_000_000;
// A fifth of a day's traffic a partition and more: spread evenly over the last day.
const momentOf = (index: number) => end - day + Math.floor((index * day) / events);

function eventOf(index: number) {
  const status = index % 50 === 0 ? 500 : index % 7 === 0 ? 404 : 200;
  const path = `/rest/v1/table_${index % 40}`;
  return {
    id: randomUUID(),
    timestamp: momentOf(index),
    event_message: `10.0.0.${index % 250} - - "GET ${path} HTTP/1.1" ${status} ${index % 4_000} "-" "supabase-js/2.80"`,
    metadata: {
      request_id: randomUUID(),
      request: {
        method: index % 3 === 0 ? 'POST' : 'GET',
        path,
        search: `?select=*&id=eq.${index}`,
        host: 'localhost:8000',
        protocol: 'HTTP/1.1',
        url: `http://localhost:8000${path}?select=*&id=eq.${index}`,
        headers: {
          user_agent: 'supabase-js/2.80',
          cf_connecting_ip: `10.0.0.${index % 250}`,
          x_real_ip: `10.0.0.${index % 250}`,
        },
      },
      response: { status_code: status, origin_time: (index % 900) / 10, headers: { content_length: index % 4_000 } },
    },
  };
}

/** Bytes of a process that are resident. */
const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

const agentOptions = { host: '127.0.0.1', port: Number(new URL(product.url).port) };
function post(body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...agentOptions,
        method: 'POST',
        path: '/analytics/v1/api/logs?source_name=cloudflare.logs.prod',
        headers: { 'x-api-key': env.LOGFLARE_PUBLIC_ACCESS_TOKEN, 'content-type': 'application/json' },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`answer ${answer.statusCode}`)),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function ingest(bodies: readonly string[]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < bodies.length) await post(bodies[next++] as string);
  };
  await Promise.all([worker(), worker(), worker()]);
  return performance.now() - started;
}

async function measureIngest(): Promise<void> {
  await client.pg.query('create table bare (like _analytics.log_events including defaults)');
  const ours: number[] = [];
  const bare: number[] = [];
  const perRound = Math.ceil(events / rounds);
  const before = residentOf(product.pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentOf(product.pid));
  }, 20);
  for (let round = 0; round < rounds; round++) {
    const list = Array.from({ length: perRound }, (_, index) => eventOf(round * perRound + index));
    const slices = Array.from({ length: Math.ceil(perRound / batch) }, (_, at) =>
      list.slice(at * batch, (at + 1) * batch),
    );
    const data = slices.map((slice) => {
      const rows = new RowBatch(new Slabs());
      for (const { id, timestamp, event_message, metadata } of slice)
        rows.add({ id, source: '', at: timestamp, message: event_message, metadata: JSON.stringify(metadata) }, 1);
      return Buffer.concat([...copyData(rows.chunks)]);
    });
    const started = performance.now();
    for (const one of data) await copyIn(client, 'copy bare from stdin (format binary)', [one]);
    bare.push(perRound / ((performance.now() - started) / 1_000));
    ours.push(perRound / ((await ingest(slices.map((slice) => JSON.stringify(slice)))) / 1_000));
  }
  clearInterval(watch);
  await client.pg.query('drop table bare');
  console.log(
    `ingest over HTTP, committed   ${median(ours).toFixed(0)} events/s   bare COPY, one a batch of ${batch} ${median(bare).toFixed(0)} events/s   ${(median(ours) / median(bare)).toFixed(2)} ×   bar 0.5`,
  );
  console.log(
    `memory while taking them   +${((most - before) / 1024 / 1024).toFixed(1)} MB over ${(before / 1024 / 1024).toFixed(0)} MB at rest`,
  );
}

const explorer = `select request.method, response.status_code, count(*) as c, avg(response.origin_time) as t
from edge_logs cross join unnest(metadata) as m cross join unnest(m.request) as request cross join unnest(m.response) as response
where response.status_code >= 500 and regexp_contains(request.path, '^/rest/') group by request.method, response.status_code`;
const byHand = `select metadata #> '{request,method}' as method, metadata #> '{response,status_code}' as status_code, count(*) as c,
  avg((metadata #>> '{response,origin_time}')::numeric) as t
from _analytics.log_events where source = 1 and (metadata #>> '{response,status_code}')::numeric >= 500
  and metadata #>> '{request,path}' ~ '^/rest/' group by 1, 2`;

async function measureQuery(): Promise<void> {
  await client.pg.query('analyze _analytics.log_events');
  const span = { from: new Date((end - day / 4) / 1_000).toISOString(), to: new Date(end / 1_000).toISOString() };
  for (const [what, bounded] of [
    ['all of it', false],
    ['six hours of it', true],
  ] as const) {
    const ours: number[] = [];
    const hand: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const parameters = new URLSearchParams({
        sql: explorer,
        ...(bounded && { iso_timestamp_start: span.from, iso_timestamp_end: span.to }),
      });
      let started = performance.now();
      const answer = await fetch(`${product.url}/analytics/v1/api/endpoints/query/logs.all?${parameters}`, {
        headers: { 'x-api-key': env.LOGFLARE_PRIVATE_ACCESS_TOKEN ?? '' },
      });
      const { result } = (await answer.json()) as { result: { c: number }[] };
      ours.push(performance.now() - started);
      started = performance.now();
      const sql = bounded
        ? byHand.replace('where ', `where timestamp >= '${span.from}' and timestamp <= '${span.to}' and `)
        : byHand;
      const { rows } = await client.pg.query<{ c: string }>(sql);
      hand.push(performance.now() - started);
      const sum = (list: readonly { c: number | string }[]) => list.reduce((total, { c }) => total + Number(c), 0);
      if (sum(result) !== sum(rows) || sum(rows) === 0)
        throw new Error(`the answers differ: ${sum(result)}, ${sum(rows)}`);
    }
    console.log(
      `explorer over ${what}   ${median(ours).toFixed(0)} ms   by hand ${median(hand).toFixed(0)} ms   ${(median(ours) / median(hand)).toFixed(2)} ×   bar 1.3`,
    );
  }
}

async function measureRest(): Promise<void> {
  const project = await connectClient({ ...database, database: product.database.name });
  await project.pg.query(`create table if not exists public.points (id int primary key, v text);
    insert into public.points select i, 'value ' || i from generate_series(1, 1000) i on conflict do nothing;
    grant select on public.points to anon; notify pgrst, 'reload schema'`);
  await project.pg.end();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const key = env.ANON_KEY ?? '';
  const reads = () =>
    paced({
      url: () => `${product.url}/rest/v1/points?id=eq.${1 + Math.floor(Math.random() * 1_000)}`,
      headers: { apikey: key },
      perSecond: 200,
      duration: Number(process.env.SECONDS ?? 5) * 1_000,
    });
  await reads();
  const without: number[] = [];
  const withEvents: number[] = [];
  for (let round = 0; round < rounds; round++) {
    without.push((await reads()).p95);
    let going = true;
    const background = (async () => {
      while (going) {
        const started = performance.now();
        await post(
          JSON.stringify(
            Array.from({ length: 100 }, (_, index) => ({ ...eventOf(index), timestamp: Date.now() * 1_000 })),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, 100 - (performance.now() - started))));
      }
    })();
    withEvents.push((await reads()).p95);
    going = false;
    await background;
  }
  console.log(
    `rest at 200 requests/s, p95, with 1,000 events/s   ${median(withEvents).toFixed(2)} ms   without ${median(without).toFixed(2)} ms   ${(median(withEvents) / median(without)).toFixed(2)} ×   bar 1.5`,
  );
}

try {
  if (only.has('ingest')) await measureIngest();
  if (only.has('query')) await measureQuery();
  if (only.has('rest')) await measureRest();
  console.log(
    `${events} events, median of ${rounds} rounds that take turns, ${processTree(product.pid).length} processes`,
  );
  console.log('opponents: COPY … FROM STDIN (FORMAT binary) into a table without indexes; the SQL of `byHand`');
} finally {
  await client.pg.end();
  await product.stop();
  product.remove();
}
