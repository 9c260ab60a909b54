import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { Product } from '../../bench/support/product.ts';
import { clientFor } from '../../examples/lib/connection.ts';

const root = resolve(import.meta.dirname, '../..');
const people = ['ada', 'grace', 'alan', 'barbara', 'edsger', 'katherine', 'donald', 'margaret', 'tim', 'radia'];

/** Fills a new stack with what a project of some weeks has: the examples' tables, accounts, files, functions, requests. */
export async function seed(product: Product): Promise<void> {
  const { env, url, folder } = product;
  const run = promisify(execFile);
  const { socketDir, port, name: database } = product.database;
  const password = encodeURIComponent(env.POSTGRES_PASSWORD ?? '');
  const databaseUrl = `postgresql://postgres:${password}@localhost:${port}/${database}?host=${encodeURIComponent(socketDir)}`;
  const settings = {
    PATH: process.env.PATH ?? '',
    ...env,
    KONG_HTTP_PORT: new URL(url).port,
    SUPABASE_URL: url,
    DATABASE_URL: databaseUrl,
  };
  const example = (path: string, ...args: string[]) =>
    run(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/esm/index.mjs'), join(root, path), ...args], {
      cwd: folder,
      env: settings,
      maxBuffer: 1 << 24,
    });
  await example('examples/datasets/load.ts');
  await example('examples/generate/load.ts', '20000');
  for (const name of ['routes', 'auth-claims', 'socket-echo'])
    await run(
      process.execPath,
      [join(root, 'dist/program.js'), 'functions', 'deploy', join(root, 'examples/functions', name)],
      { cwd: folder, env: settings },
    );
  const admin = clientFor(url, env.SERVICE_ROLE_KEY ?? '');
  for (const name of people) {
    const { error } = await admin.auth.admin.createUser({
      email: `${name}@example.org`,
      password: 'correct horse battery',
      email_confirm: name !== 'tim',
      user_metadata: { name },
    });
    if (error) throw error;
  }
  const visitor = clientFor(url, env.ANON_KEY ?? '');
  await visitor.auth.signInWithPassword({ email: 'ada@example.org', password: 'correct horse battery' });
  for (const [bucket, isPublic] of [
    ['avatars', true],
    ['invoices', false],
  ] as const)
    await admin.storage.createBucket(bucket, { public: isPublic });
  for (const [index, name] of people.entries()) {
    const picture = await portrait(index);
    await admin.storage.from('avatars').upload(`${name}.png`, picture, { contentType: 'image/png' });
    await admin.storage.from('invoices').upload(`2026/${String(index + 1).padStart(2, '0')}.txt`, `invoice ${index}`);
  }
  for (let turn = 0; turn < 40; turn++) {
    await visitor
      .from(turn % 7 === 0 ? 'no_such_table' : 'movies')
      .select('*')
      .limit(1);
    if (turn % 5 === 0) await visitor.functions.invoke('routes');
  }
}

/** A picture of coloured circles. @param index which */
function portrait(index: number): Promise<Buffer> {
  const hue = index * 36;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">
    <rect width="256" height="256" fill="hsl(${hue} 60% 85%)"/>
    <circle cx="128" cy="104" r="52" fill="hsl(${hue} 55% 45%)"/>
    <ellipse cx="128" cy="230" rx="92" ry="70" fill="hsl(${hue} 55% 35%)"/></svg>`;
  return sharp(Buffer.from(drawing)).png().toBuffer();
}
