// `npm run profile -- rest`: a CPU profile of the built program under load. Writes a .cpuprofile (for the browser's
// developer tools or an editor) and prints the busiest functions.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../bench/support/load.ts';
import { startProduct } from '../bench/support/product.ts';
import { loads } from './profile/loads.ts';
import { hotFunctions, renderSummary } from './profile/summary.ts';

const root = resolve(import.meta.dirname, '..');
const [name = 'rest', secondsText = '10'] = process.argv.slice(2);
const chosen = loads[name];
const seconds = Number(secondsText);
if (!chosen || !(seconds > 0)) {
  console.error('usage: npm run profile -- <load> [seconds]\n');
  for (const [each, { summary }] of Object.entries(loads)) console.error(`  ${each.padEnd(8)} ${summary}`);
  process.exit(2);
}

const file = join(root, `${name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.cpuprofile`);
const product = await startProduct({
  nodeFlags: ['--import', join(root, 'tools/profile/agent.mjs')],
  settings: { PROFILE_FILE: file },
});
try {
  await chosen.prepare(product);
  await sleep(500);
  const { hostname, port } = new URL(product.url);
  const traffic = { host: hostname, port: Number(port), connections: 32, next: () => chosen.next(product) };
  // The first requests are compiled and planned for; they would say little about the rest.
  await load({ ...traffic, duration: 2_000 });
  process.kill(product.pid, 'SIGUSR2');
  const result = await load({ ...traffic, duration: seconds * 1_000 });
  process.kill(product.pid, 'SIGUSR2');
  while (!existsSync(file)) await sleep(50);
  console.log(
    `${chosen.summary}: ${result.perSecond.toFixed(0)}/s over 16 connections, p50 ${result.p50.toFixed(2)} ms, p99 ${result.p99.toFixed(2)} ms\n`,
  );
  const functions = hotFunctions(JSON.parse(readFileSync(file, 'utf8')), `${root}/`);
  console.log(renderSummary(functions, 70).join('\n'));
  console.log(`\nwrote ${file}`);
} finally {
  await product.stop();
  product.remove();
}
