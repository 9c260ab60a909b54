import { pathToFileURL } from 'node:url';
import type { FunctionDefinition, ImportSource } from '../project/definition.ts';
import { networkArguments, type Reach } from './network.ts';

/** What a worker's command line is made of. */
export interface CommandOptions {
  readonly definition: FunctionDefinition;
  /** The file that says what bare imports mean, as Deno understands it. */
  readonly imports: Exclude<ImportSource, { kind: 'package' }> | undefined;
  /** Folder of all functions. */
  readonly root: string;
  readonly boot: string;
  readonly socket: string;
  /** The worker's private folder. */
  readonly folder: string;
  readonly cacheFolder: string;
  readonly marker: string;
  /** Bytes of heap. */
  readonly memory: number;
  readonly handlerTimeout: number;
  readonly nodeServer: boolean;
  readonly reach: Reach;
  /** Hosts for a reach that is closed. */
  readonly allowedHosts: readonly string[];
  /** Names of the variables that are for Deno. */
  readonly forget: readonly string[];
}

/** Variables that Deno adds to its own environment. */
const denoOwn = ['DENO_NODE_SHIM_ACTIVE', 'PATH'];

/** Arguments of the process: permissions of one function, and nothing else. */
export function workerArguments(options: CommandOptions): string[] {
  const { definition, imports, folder, cacheFolder } = options;
  const boot = {
    entry: pathToFileURL(definition.entry).href,
    socket: options.socket,
    folder,
    kept: [options.root, cacheFolder],
    marker: options.marker,
    forget: [...options.forget, ...denoOwn],
    nodeServer: options.nodeServer,
    handlerTimeout: options.handlerTimeout,
  };
  return [
    'run',
    '--quiet',
    '--no-prompt',
    '--no-lock',
    '--no-check',
    '--node-modules-dir=none',
    '--unstable-no-legacy-abort',
    `--v8-flags=--max-old-space-size=${Math.max(8, Math.floor(options.memory / 1024 ** 2))}`,
    ...importArguments(imports),
    `--allow-read=${pathList([...definition.readable, folder, cacheFolder, options.socket])}`,
    `--allow-write=${pathList([folder, options.socket])}`,
    '--allow-env',
    ...networkArguments(options.reach, options.allowedHosts, options.socket),
    '--allow-import',
    '--allow-sys=hostname',
    options.boot,
    JSON.stringify(boot),
  ];
}

/** Arguments that say what imports mean. */
export function importArguments(imports: CommandOptions['imports']): string[] {
  if (imports?.kind === 'config') return [`--config=${imports.path}`];
  return ['--no-config', ...(imports ? [`--import-map=${imports.path}`] : [])];
}

// A comma in a path is written twice.
const pathList = (paths: readonly string[]): string => paths.map((path) => path.replaceAll(',', ',,')).join(',');
