// Times the pure part of requests in the built program, without anything between its code and Node; see rest-planning.ts.
import { readFileSync } from 'node:fs';

const { catalog, requests, bar } = JSON.parse(readFileSync(0, 'utf8'));
const built = (path) => import(new URL(`../../dist/${path}.js`, import.meta.url).href);
const { resolveSettings } = await built('kernel/config/index');
const { restSettings } = await built('services/rest/settings');
const { configFrom } = await built('services/rest/core/config');
const { buildSchemaCache } = await built('services/rest/core/cache/build');
const { parseRequest } = await built('services/rest/core/request/api-request');
const { planRequest } = await built('services/rest/core/plan/plan-request');
const { compileTransaction } = await built('services/rest/core/compile/transaction');
const { headersJson } = await built('services/rest/core/session/request-facts');

const cache = buildSchemaCache(catalog, { hoistedSettings: ['statement_timeout'], timezones: new Set(['UTC']) });
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
  isTimezone: (name) => cache.timezones.has(name),
  rootRoutine: undefined,
  describesRoot: true,
};

/** As the room does it. */
function work(path, query) {
  const raw = { method: 'GET', path, query, header: (name) => headers[name], body: Buffer.alloc(0) };
  const request = parseRequest(raw, rules);
  const plan = planRequest(request, cache, config);
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

let checksum = 0;
let missed = false;
for (const [name, path, query] of requests) {
  for (let round = 0; round < 5_000; round++) checksum += work(path, query);
  const times = [];
  for (let sample = 0; sample < 400; sample++) {
    const started = performance.now();
    for (let round = 0; round < 50; round++) checksum += work(path, query);
    times.push(((performance.now() - started) / 50) * 1_000);
  }
  times.sort((a, b) => a - b);
  const at = (share) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1).padStart(6);
  missed ||= (times[times.length / 2] ?? 0) > bar;
  console.log(`${name.padEnd(36)} p50 ${at(0.5)} µs   p95 ${at(0.95)} µs   bar ${bar} µs`);
}
if (checksum === 0) throw new Error('nothing was done');
process.exitCode = missed ? 1 : 0;
