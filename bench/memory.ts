// Measured against the bar of 150 MB: proportional set size of all processes at idle, PostgreSQL included.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree, startProduct } from './support/product.ts';

const idle = Number(process.env.IDLE_SECONDS ?? 40);
const product = await startProduct();
try {
  // One request to each room, so that nothing is counted as saved that is only not loaded yet.
  const apikey = product.env.ANON_KEY ?? '';
  for (const path of ['/rest/v1/', '/auth/v1/settings', '/auth/v1/health'])
    await (await fetch(`${product.url}${path}`, { headers: { apikey } })).arrayBuffer();
  await sleep(idle * 1_000);
  let total = 0;
  for (const pid of processTree(product.pid)) {
    const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 60);
    console.log(`${(pss / 1024).toFixed(1).padStart(7)} MB  ${command}`);
    total += pss;
  }
  console.log(`${(total / 1024).toFixed(1).padStart(7)} MB  in all, ${idle} s after the last request; bar 150 MB`);
} finally {
  await product.stop();
  product.remove();
}
