import { expect, test } from 'vitest';
import { type CommandOptions, workerArguments } from './command.ts';
import { networkArguments } from './network.ts';

const definition = {
  name: 'f',
  folder: '/p/functions/f',
  entry: '/p/functions/f/index.ts',
  verifyJwt: false,
  enabled: true,
  imports: undefined,
  readable: ['/p/functions/f', '/p/functions/_shared, old'],
  env: {},
  nodeServer: false,
  revision: 'r',
  changedAt: 0,
};

const options: CommandOptions = {
  definition,
  imports: undefined,
  root: '/p/functions',
  boot: '/b/boot.js',
  socket: '/run/w/s',
  folder: '/run/w/t',
  cacheFolder: '/cache',
  marker: 'm',
  memory: 150 * 1024 ** 2,
  handlerTimeout: 1_000,
  nodeServer: false,
  reach: 'open',
  allowedHosts: [],
  forget: ['DENO_DIR'],
};

test('a worker may read and write what is its own, and run nothing', () => {
  const args = workerArguments(options);
  expect(args).toContain('--allow-read=/p/functions/f,/p/functions/_shared,, old,/run/w/t,/cache,/run/w/s');
  expect(args).toContain('--allow-write=/run/w/t,/run/w/s');
  expect(args).toContain('--v8-flags=--max-old-space-size=150');
  expect(args).toContain('--no-config');
  expect(args.filter((each) => /allow-(all|run|ffi)|^-A$/.test(each))).toEqual([]);
  expect(JSON.parse(args.at(-1) as string)).toMatchObject({ entry: 'file:///p/functions/f/index.ts', marker: 'm' });
});

test('imports are those of one file', () => {
  const imports = (given: CommandOptions['imports']) => workerArguments({ ...options, imports: given });
  expect(imports({ kind: 'config', path: '/c.json' })).toContain('--config=/c.json');
  expect(imports({ kind: 'import-map', path: '/m.json' })).toEqual(
    expect.arrayContaining(['--no-config', '--import-map=/m.json']),
  );
});

test('how far the network reaches', () => {
  expect(networkArguments('open', [], '/s')).toEqual(['--allow-net', '--deny-net=0.0.0.0,[::]']);
  expect(networkArguments('closed', ['127.0.0.1:8000'], '/s')).toEqual(['--allow-net=unix:/s,127.0.0.1:8000']);
  const [, denied = ''] = networkArguments('guarded', [], '/s');
  const ranges = denied
    .replace('--deny-net=', '')
    .split(',')
    .filter((range) => range.includes('/'));
  const number = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const isDenied = (address: string) =>
    ranges.some((range) => {
      const [base = '', bits] = range.split('/');
      const size = 2 ** (32 - Number(bits));
      return Math.floor(number(address) / size) === Math.floor(number(base) / size);
    });
  for (const address of [
    '10.1.2.3',
    '169.254.169.254',
    '172.31.0.1',
    '192.168.1.1',
    '127.0.0.0',
    '127.0.0.2',
    '127.0.1.1',
    '127.255.255.255',
  ])
    expect(isDenied(address), address).toBe(true);
  for (const address of ['127.0.0.1', '8.8.8.8', '172.32.0.1', '126.255.255.255', '128.0.0.0'])
    expect(isDenied(address), address).toBe(false);
});
