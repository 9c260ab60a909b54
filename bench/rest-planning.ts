// Measured against a bar: planning (parse, plan and SQL) of a typical GET within 40 µs, median, warm. No database.
import { resolveSettings } from '../src/kernel/config/index.ts';
import { compileTransaction, type DatabasePlan } from '../src/services/rest/core/compile/transaction.ts';
import { configFrom } from '../src/services/rest/core/config.ts';
import { planRequest } from '../src/services/rest/core/plan/plan-request.ts';
import { parseRequest } from '../src/services/rest/core/request/api-request.ts';
import { headersJson } from '../src/services/rest/core/session/request-facts.ts';
import { restSettings } from '../src/services/rest/settings.ts';
import { madeUpCache } from '../src/services/rest/testing/catalog.ts';

const bar = 40;
const cache = madeUpCache();
const { values } = resolveSettings(restSettings, { env: { JWT_SECRET: 'x'.repeat(32) }, files: [], alone: false });
const config = configFrom(values, new Map());
const headers = {
  host: 'localhost:8000',
  accept: 'application/json',
  'accept-profile': 'api',
  apikey: `eyJ${'a'.repeat(150)}`,
  authorization: `Bearer eyJ${'b'.repeat(400)}`,
  'user-agent': 'node',
  'x-client-info': 'supabase-js-node/2.109.0',
};
const caller = {
  role: 'authenticated',
  claims: `{"sub":"${'1'.repeat(36)}","role":"authenticated"}`,
  isAnonymous: false,
};
const rules = {
  schemas: cache.schemas,
  maxDepth: config.maxDepth,
  isTimezone: (name: string) => cache.timezones.has(name),
  rootRoutine: undefined,
  describesRoot: true,
};

/** The whole pure part of a request, as the room does it. */
function work(path: string, query: string): number {
  const raw = {
    method: 'GET',
    path,
    query,
    header: (name: string) => headers[name as keyof typeof headers] as string | undefined,
    body: Buffer.alloc(0),
  };
  const request = parseRequest(raw, rules);
  const plan = planRequest(request, cache, config) as DatabasePlan;
  const facts = {
    caller,
    schema: request.schema,
    method: 'GET',
    path,
    headers: headersJson(headers),
    cookies: '{}',
    timezone: undefined,
    routine: undefined,
  };
  const { steps } = compileTransaction(plan, facts, cache, config);
  return steps.reduce((sum, { text }) => sum + text.length, 0);
}

const requests: Readonly<Record<string, readonly [path: string, query: string]>> = {
  'point read': ['/tasks', 'select=id,name,project_id,done&id=eq.42'],
  'list with filters, order and page': [
    '/tasks',
    'select=*&done=is.false&name=ilike.*report*&order=id.desc.nullslast&limit=20&offset=40',
  ],
  'two embeds and a logic tree': [
    '/projects',
    'select=id,name,client:clients(id,name),tasks(id,name,done)&or=(id.gt.10,and(name.eq.x,client_id.not.is.null))&tasks.order=id.asc&limit=10',
  ],
};

let checksum = 0;
let missed = false;
for (const [name, [path, query]] of Object.entries(requests)) {
  for (let round = 0; round < 5_000; round++) checksum += work(path, query);
  const times: number[] = [];
  for (let sample = 0; sample < 400; sample++) {
    const started = performance.now();
    for (let round = 0; round < 50; round++) checksum += work(path, query);
    times.push(((performance.now() - started) / 50) * 1_000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1).padStart(6);
  missed ||= (times[times.length / 2] ?? 0) > bar;
  console.log(`${name.padEnd(36)} p50 ${at(0.5)} µs   p95 ${at(0.95)} µs   bar ${bar} µs`);
}
if (checksum === 0) throw new Error('nothing was done');
process.exitCode = missed ? 1 : 0;
