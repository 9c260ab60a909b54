// Measured against pgbench running the same transaction over the server's own socket (ceiling; statement by statement and
// pipelined), and against the naive driver: the same statements through `pg`, a round trip each, plain and prepared.
// Bars at 32 connections: point ≥ 0.3 × pgbench (stretch 0.45), fresh ≥ 0.8 × point, embed ≥ 0.7 × pgbench.
//
// On a busy machine the processor time of a request is the figure to look at: both sides are bound by it.
//
//   ROUNDS=3 SECONDS=2 SCENARIOS=point,fresh,list,embed,insert,bulk,large CONNECTIONS=1,32,256 npm run bench -- rest
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, cpuSecondsBelow, cpuSecondsOfEnded, residentMegabytes } from './support/cpu.ts';
import { type LoadResult, load, median } from './support/load.ts';
import { startNaive } from './support/naive.ts';
import { pgbench } from './support/pgbench.ts';
import { type Product, startProduct } from './support/product.ts';
import { keyMark, manyTokens, type Scenario, scenarios, seed, token } from './support/rest-scenarios.ts';
import { createPlanner, type ScenarioSql } from './support/rest-sql.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const seconds = Number(process.env.SECONDS ?? 2);
const wanted = (process.env.SCENARIOS ?? [...Object.keys(scenarios), 'large'].join(',')).split(',');
const widths = (process.env.CONNECTIONS ?? '1,32,256').split(',').map(Number);
// The embedded server takes 100 connections, and the rooms have theirs; more clients than this only make pgbench slower.
const mostClients = 48;

const product = await startProduct();
try {
  await seed(product);
  const planner = await createPlanner(product);
  const chosen = wanted.filter((name) => scenarios[name]).map((name) => [name, scenarios[name] as Scenario] as const);
  const sql = Object.fromEntries(
    chosen.map(([name, scenario]) => [name, planner.sqlOf(scenario, headersOf(scenario, token('secret')))]),
  );
  const setup = Object.fromEntries(
    chosen.map(([name, scenario]) => [name, { ...(sql[name] as ScenarioSql), body: scenario.body }]),
  );
  const naive = await startNaive(product, setup, false);
  const prepared = await startNaive(product, setup, true);
  const rates = new Map<string, number>();
  try {
    for (const connections of widths)
      for (const [name, scenario] of chosen) {
        const rate = await compare({
          name,
          scenario,
          sql: sql[name] as ScenarioSql,
          naive: naive.port,
          prepared: prepared.port,
          connections,
        });
        rates.set(`${name} ${connections}`, rate);
        const point = rates.get(`point ${connections}`);
        if (name === 'fresh' && point !== undefined)
          console.log(`  fresh tokens: ${(rate / point).toFixed(2)} × the same token each time; bar 0.8`);
      }
  } finally {
    naive.stop();
    prepared.stop();
  }
  if (wanted.includes('large')) await largeResult(product);
} finally {
  await product.stop();
  product.remove();
}

function headersOf({ headers }: Scenario, bearer: string): Record<string, string> {
  return {
    Host: 'localhost',
    apikey: product.env.ANON_KEY ?? '',
    Authorization: `Bearer ${bearer}`,
    Accept: 'application/json',
    'User-Agent': 'node',
    'X-Client-Info': 'supabase-js-node/2.109.0',
    ...headers,
  };
}

/** Writes requests of a scenario one after another. */
function requestsOf(scenario: Scenario, target: (key: number) => string): () => string {
  const { method, body, keys, freshTokens } = scenario;
  const secret = product.env.JWT_SECRET ?? '';
  const tokens = freshTokens ? manyTokens(secret) : [token(secret)];
  const tails = tokens.map((bearer) => {
    const lines = Object.entries(headersOf(scenario, bearer)).map(([name, value]) => `${name}: ${value}\r\n`);
    if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}\r\n`);
    return ` HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
  });
  let turn = 0;
  return () => `${method} ${target(1 + Math.floor(Math.random() * keys))}${tails[turn++ % tails.length] as string}`;
}

interface Comparison {
  readonly name: string;
  readonly scenario: Scenario;
  readonly sql: ScenarioSql;
  /** Ports of the naive servers. */
  readonly naive: number;
  readonly prepared: number;
  readonly connections: number;
}

async function compare({ name, scenario, sql, naive, prepared, connections }: Comparison): Promise<number> {
  const { hostname, port } = new URL(product.url);
  const duration = seconds * 1_000;
  const toOurs = requestsOf(scenario, (key) => `/rest/v1${scenario.target.replace(keyMark, String(key))}`);
  const toNaive = requestsOf(scenario, (key) => `/${name}?key=${key}`);
  const theirs = async (naivePort: number) =>
    (await load({ host: '127.0.0.1', port: naivePort, connections, duration, next: toNaive })).perSecond;
  const clients = Math.min(connections, mostClients);
  const ceiling = async (pipelined: boolean) => {
    const before = { client: cpuSecondsOfEnded(), postgres: cpuSecondsBelow(product.pid) };
    const run = pgbench({ product, sql, keys: scenario.keys, pipelined, clients, seconds });
    // The server counts what its backends used once they are gone.
    await sleep(100);
    const per = (used: number) => (used / (run.perSecond * seconds)) * 1e6;
    const cost = per(cpuSecondsOfEnded() - before.client) + per(cpuSecondsBelow(product.pid) - before.postgres);
    (pipelined ? ceilingCosts.pipelined : ceilingCosts.plain).push(cost);
    return run;
  };
  const ours: LoadResult[] = [];
  const costs: { node: number; postgres: number; load: number }[] = [];
  const ceilingCosts = { plain: [] as number[], pipelined: [] as number[] };
  const figures = { plain: [] as number[], pipelined: [] as number[], naive: [] as number[], prepared: [] as number[] };
  let command = '';
  // Connections, plans and compiled code are there in the second run of a server, not in the first.
  await load({ host: hostname, port: Number(port), connections, duration: 500, next: toOurs });
  for (let round = 0; round < rounds; round++) {
    const before = {
      node: cpuSeconds(product.pid),
      postgres: cpuSecondsBelow(product.pid),
      load: cpuSeconds(process.pid),
    };
    const result = await load({ host: hostname, port: Number(port), connections, duration, next: toOurs });
    const per = (used: number) => (used / result.requests) * 1e6;
    costs.push({
      node: per(cpuSeconds(product.pid) - before.node),
      postgres: per(cpuSecondsBelow(product.pid) - before.postgres),
      load: per(cpuSeconds(process.pid) - before.load),
    });
    ours.push(result);
    const plain = await ceiling(false);
    figures.plain.push(plain.perSecond);
    command = plain.command;
    figures.pipelined.push((await ceiling(true)).perSecond);
    figures.naive.push(await theirs(naive));
    figures.prepared.push(await theirs(prepared));
  }
  const rate = median(ours.map(({ perSecond }) => perSecond));
  console.log(`\n${scenario.name}; ${connections} connection(s), median of ${rounds} rounds of ${seconds} s`);
  console.log(`  ours                               ${rate.toFixed(0).padStart(7)}/s`);
  const opponents = [
    ['pgbench, statement by statement', figures.plain, command],
    ['pgbench, pipelined', figures.pipelined, `${command} (\\startpipeline)`],
    ['naive driver', figures.naive, 'pg 8 and jose, pool of 10, a round trip a statement'],
    ['naive driver, prepared statements', figures.prepared, 'the same with named statements'],
  ] as const;
  for (const [opponent, rates, how] of opponents) {
    const theirRate = median(rates);
    const ratio = (rate / theirRate).toFixed(2);
    console.log(`  ${opponent.padEnd(34)} ${theirRate.toFixed(0).padStart(7)}/s   ours is ${ratio} ×   ${how}`);
  }
  const p = (key: 'p50' | 'p95' | 'p99') => median(ours.map((run) => run[key])).toFixed(2);
  console.log(`  ours: p50 ${p('p50')} ms, p95 ${p('p95')} ms, p99 ${p('p99')} ms`);
  // Others on the machine change rates far more than processor time.
  const cost = (key: 'node' | 'postgres' | 'load') => median(costs.map((each) => each[key]));
  const all = cost('node') + cost('postgres') + cost('load');
  const ratio = (ceilings: readonly number[]) =>
    `${median(ceilings).toFixed(0)} µs (${(median(ceilings) / all).toFixed(2)} ×)`;
  console.log(
    `  processor time a request: node ${cost('node').toFixed(0)} + PostgreSQL ${cost('postgres').toFixed(0)} + load ${cost('load').toFixed(0)} µs;` +
      ` pgbench and PostgreSQL ${ratio(ceilingCosts.plain)}, pipelined ${ratio(ceilingCosts.pipelined)}`,
  );
  return rate;
}

/** What an answer of about 10 MB costs in memory, one at a time and eight at once. */
async function largeResult({ url, env, pid }: Product): Promise<void> {
  const target = `${url}/rest/v1/bench_large?select=id,title`;
  const headers = { apikey: env.SERVICE_ROLE_KEY ?? '' };
  const fetchOne = async () => (await (await fetch(target, { headers })).arrayBuffer()).byteLength;
  const size = (await fetchOne()) / 1024 ** 2;
  const parallel = 8;
  console.log(`\nanswer of ${size.toFixed(1)} MB; resident memory of the program in MB`);
  for (const count of [1, parallel]) {
    const before = residentMegabytes(pid).now;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, residentMegabytes(pid).now);
    }, 2);
    const started = performance.now();
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: count }, fetchOne));
    const each = (performance.now() - started) / 5;
    clearInterval(watch);
    console.log(
      `  ${count} at once: ${before.toFixed(0)} before, ${most.toFixed(0)} at most, ${residentMegabytes(pid).now.toFixed(0)} after; ${each.toFixed(0)} ms` +
        `   (${((most - before) / count / size).toFixed(1)} × the answer's size each)`,
    );
  }
}
