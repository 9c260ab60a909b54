// Measured against the same requests while nothing is reloaded: latencies of point reads during reloads of a schema of
// 10,000 tables with 100,000 columns. Bar: the longest request within 100 ms of the longest without a reload.
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './support/load.ts';
import { startProduct } from './support/product.ts';
import { asPostgres } from './support/product-sql.ts';
import { claims, token } from './support/rest-scenarios.ts';

const tables = 10_000;
const product = await startProduct({
  settings: { PGRST_DB_SCHEMAS: 'public,large', STACK_LOG_LEVEL: 'info', GATEWAY_ACCESS_LOG: 'false' },
});
try {
  const chunk = 250;
  await asPostgres(
    product,
    `create schema large;
     grant usage on schema large to authenticated;
     create table bench_rows (id int primary key, title text);
     insert into bench_rows select n, 'row ' || n from generate_series(1, 1000) n`,
  );
  for (let first = 0; first < tables; first += chunk)
    await asPostgres(
      product,
      `do $$ begin for n in ${first}..${first + chunk - 1} loop
         execute format('create table large.t%s (id int primary key, a text, b text, c int, d int, e date, f bool, g json, h uuid, parent int %s)',
           n, case when n > 0 then 'references large.t' || n / 10 else '' end);
       end loop; end $$`,
    );
  const { hostname, port } = new URL(product.url);
  const bearer = token(product.env.JWT_SECRET ?? '');
  const request = () =>
    `GET /rest/v1/bench_rows?id=eq.${1 + Math.floor(Math.random() * 1_000)} HTTP/1.1\r\nHost: localhost\r\n` +
    `apikey: ${product.env.ANON_KEY}\r\nAuthorization: Bearer ${bearer}\r\n\r\n`;
  const traffic = { host: hostname, port: Number(port), connections: 4, next: request };
  await sleep(5_000);
  await load({ ...traffic, duration: 3_000 });
  const quiet = await load({ ...traffic, duration: 6_000 });
  const reloading = setInterval(() => void asPostgres(product, `notify pgrst, 'reload schema'`), 1_000);
  const busy = await load({ ...traffic, duration: 10_000 });
  clearInterval(reloading);
  console.log(`point reads as ${claims.role} over 4 connections; ${tables} tables, ${tables * 10} columns`);
  for (const [name, run] of [
    ['nothing reloaded', quiet],
    ['the schema reloaded all the time', busy],
  ] as const)
    console.log(
      `  ${name.padEnd(34)} ${run.perSecond.toFixed(0).padStart(6)}/s   p50 ${run.p50.toFixed(2)} ms   p99 ${run.p99.toFixed(2)} ms   longest ${run.longest.toFixed(1)} ms`,
    );
} finally {
  await product.stop();
  product.remove();
}
