// Measured against brute force: for each change and each subscriber a transaction of its own with role and claims, asking for
// the row by its key. Changes a second with row security at 500 and 3,000 subscribers of whom 1 in 5 may see a row, by policies
// that are decided in the process and by one that the database has to be asked about; then the time from INSERT to frame.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { WebSocket } from 'ws';
import { createLogger, createRedactor } from '../src/kernel/log/index.ts';
import { createChangeFeed } from '../src/services/realtime/core/changes/create-feed.ts';
import type { ChangeFeed, FeedSubscription } from '../src/services/realtime/core/changes/feed.ts';
import { median } from './support/load.ts';
import { type Product, startProduct } from './support/product.ts';

const changes = Number(process.env.CHANGES ?? 1_000);
const sizes = (process.env.SUBSCRIBERS ?? '500,3000').split(',').map(Number);
const teams = 5;

const policies = {
  'claim equals column': "(auth.jwt() ->> 'team') = team",
  'membership in another table': 'team in (select m.team from public.members m where m.user_id = auth.uid())',
};

const product = await startProduct({ settings: { SERVICES: 'db,gateway' } });
const connection = () => ({
  host: product.database.socketDir,
  port: product.database.port,
  database: product.database.name,
  user: 'supabase_admin',
  password: product.env.POSTGRES_PASSWORD ?? '',
});
const admin = new pg.Client(connection());
try {
  await admin.connect();
  await admin.query(`
    create table public.members (user_id uuid primary key, team text);
    create table public.news (id bigint generated always as identity primary key, team text, body text);
    alter table public.news enable row level security;
    grant select on public.members, public.news to authenticated;
    alter publication supabase_realtime add table public.news;
    insert into public.members select ${userOf('n')}::uuid, 'team ' || n % ${teams} from generate_series(0, 4999) n;
    analyze;`);
  for (const [name, condition] of Object.entries(policies)) {
    await admin.query(
      `drop policy if exists p on public.news; create policy p on public.news for select to authenticated using (${condition})`,
    );
    for (const size of sizes) await measure(name, size);
  }
} finally {
  await admin.end();
  await product.stop();
  product.remove();
}
await latency();

function userOf(n: string): string {
  return `('00000000-0000-4000-8000-' || lpad(${n}::text, 12, '0'))`;
}

function claimsOf(n: number) {
  const sub = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  return { role: 'authenticated', sub, team: `team ${n % teams}`, exp: 4_000_000_000, session_id: `session ${n}` };
}

function openFeed(): ChangeFeed {
  return createChangeFeed({
    connection,
    log: createLogger({ level: 'warn', redact: createRedactor([]) }),
    publication: 'supabase_realtime',
    messagesPublication: 'supabase_realtime_messages_publication',
    retention: { time: 300_000, bytes: 64_000_000 },
    slotLimit: 2_000_000_000,
    backlogLimit: 16_000_000,
    recordLimit: 1_048_576,
    connections: 3,
    batch: 200,
    catchUps: 8,
    positionEvery: 30_000,
  });
}

async function measure(name: string, size: number): Promise<void> {
  const feed = openFeed();
  await feed.start(new AbortController().signal);
  let delivered = 0;
  const subscriptions: FeedSubscription[] = [];
  await new Promise<void>((resolve) => {
    let ready = 0;
    for (let n = 0; n < size; n++) {
      const claims = claimsOf(n);
      subscriptions.push(
        feed.subscribe({
          topic: 'news',
          reqId: 'bench',
          role: claims.role,
          claims,
          entries: [{ event: '*', schema: 'public', table: 'news' }],
          deliver: () => delivered++,
          notify: (notice) => {
            if (notice.kind === 'failed') throw new Error(notice.message);
            if (++ready === size) resolve();
          },
        }),
      );
    }
  });
  const expected = (count: number) => (count * size) / teams;
  const insert = (count: number) =>
    admin.query(
      `insert into public.news (team, body) select 'team ' || n % ${teams}, 'news' from generate_series(1, $1::int) n`,
      [count],
    );
  const until = async (count: number) => {
    const deadline = performance.now() + 120_000;
    while (delivered < expected(count) && performance.now() < deadline) await sleep(1);
  };
  await insert(100);
  await until(100);
  delivered = 0;
  const before = feed.health().checks;
  const since = performance.now();
  await insert(changes);
  await until(changes);
  const seconds = (performance.now() - since) / 1_000;
  const checks = (feed.health().checks - before) / changes;
  const right = delivered === expected(changes) ? '' : `  WRONG: ${delivered} of ${expected(changes)} deliveries`;
  for (const subscription of subscriptions) subscription.close();
  await feed.stop();
  const brute = await bruteForce(size);
  const rate = changes / seconds;
  console.log(`\n${name}, ${size} subscribers, ${changes} changes${right}`);
  console.log(
    `  feed         ${rate.toFixed(0).padStart(7)} changes/s  ${expected(rate).toFixed(0).padStart(8)} deliveries/s  ${checks.toFixed(2).padStart(8)} checks a change`,
  );
  console.log(
    `  brute force  ${brute.toFixed(1).padStart(7)} changes/s  ${' '.repeat(8)}               ${size.toFixed(2).padStart(8)} checks a change`,
  );
  console.log(
    `  ratio        ${(rate / brute).toFixed(0).padStart(7)} ×  ${' '.repeat(33)} ${(size / checks).toFixed(0)} × fewer`,
  );
}

/** Changes a second of asking for each subscriber alone; a few changes are enough to tell. */
async function bruteForce(size: number): Promise<number> {
  const { rows } = await admin.query('select id::text from public.news order by id desc limit 2');
  const since = performance.now();
  for (const { id } of rows)
    for (let n = 0; n < size; n++) {
      await admin.query('begin');
      await admin.query(
        "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)",
        [JSON.stringify(claimsOf(n))],
      );
      await admin.query({ name: 'look', text: 'select from public.news where id = $1', values: [id] });
      await admin.query('commit');
    }
  return rows.length / ((performance.now() - since) / 1_000);
}

async function latency(): Promise<void> {
  const whole = await startProduct({ settings: { TENANT_MAX_EVENTS_PER_SECOND: '0' } });
  try {
    const times = await frames(whole);
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(2);
    console.log(`\nINSERT to frame, one subscriber with row security, ${times.length} inserts one after the other`);
    console.log(
      `  p50 ${at(0.5)} ms   p95 ${at(0.95)} ms   p99 ${at(0.99)} ms   (median ${median(times).toFixed(2)} ms)`,
    );
  } finally {
    await whole.stop();
    whole.remove();
  }
}

async function frames(whole: Product): Promise<number[]> {
  const client = new pg.Client({
    ...connection(),
    host: whole.database.socketDir,
    port: whole.database.port,
    password: whole.env.POSTGRES_PASSWORD ?? '',
  });
  await client.connect();
  await client.query(`create table public.news (id bigint generated always as identity primary key, body text);
    alter table public.news enable row level security; create policy p on public.news for select using (auth.role() = 'anon');
    grant select on public.news to anon; alter publication supabase_realtime add table public.news`);
  const socket = new WebSocket(
    `${whole.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=2.0.0&apikey=${whole.env.ANON_KEY}`,
  );
  const waiting: ((text: string) => boolean)[] = [];
  const next = (wanted: (text: string) => boolean) =>
    new Promise<void>((resolve) => {
      waiting.push((text) => {
        if (!wanted(text)) return false;
        resolve();
        return true;
      });
    });
  socket.on('message', (data) => {
    const text = String(data);
    for (const [index, wanted] of [...waiting.entries()].reverse()) if (wanted(text)) waiting.splice(index, 1);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const subscribed = next((text) => text.includes('Subscribed to PostgreSQL'));
  const config = { postgres_changes: [{ event: '*', schema: 'public', table: 'news' }] };
  socket.send(JSON.stringify(['1', '1', 'realtime:news', 'phx_join', { config }]));
  await subscribed;
  const times: number[] = [];
  for (let round = 0; round < 550; round++) {
    const frame = next((text) => text.includes('"postgres_changes"') && text.includes(`"body":"${round}."`));
    const since = performance.now();
    await Promise.all([client.query('insert into public.news (body) values ($1)', [`${round}.`]), frame]);
    if (round >= 50) times.push(performance.now() - since);
  }
  socket.terminate();
  await client.end();
  return times;
}
