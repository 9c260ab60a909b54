import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { readConfigFile } from './config-file.ts';
import type { FunctionDefinition, FunctionOptions, ImportSource } from './definition.ts';
import { readDeployments } from './deployments.ts';
import { isFunctionName } from './names.ts';
import { looksLikeNodeServer } from './node-server.ts';
import { staticFolders } from './static-files.ts';
import { entriesOf, fileAt, listTree, type TreeFile } from './tree.ts';

/** Where functions are and what holds for those that say nothing of their own. */
export interface CatalogueOptions {
  readonly folder: string;
  /** Path of `config.toml`. */
  readonly configFile: string;
  readonly verifyJwt: boolean;
  readonly maxFiles: number;
  readonly env: (name: string) => string | undefined;
  /** Called once for each problem that keeps a configuration from being understood. */
  readonly onProblem: (problem: string) => void;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}

/** All functions of a project at one moment. */
export interface Catalogue {
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** Variables of all functions, from the configuration. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Bindings of functions, from the configuration. */
  readonly triggers: ReadonlyMap<string, unknown>;
}

/** The functions as they stand on disk, looked at when they are needed. */
export interface CatalogueReader {
  /** What was there at most `freshness` milliseconds ago. Reads that overlap are one. */
  read(): Promise<Catalogue>;
  /** One function of a look that still counts and is over; undefined also where only another look can tell. */
  known(name: string): FunctionDefinition | undefined;
  /** One function. One whose folder has come since the last look is found at once. */
  find(name: string): Promise<FunctionDefinition | undefined>;
  /** Makes the next `read` look again. */
  forget(): void;
}

/** A change is seen by the first request after this time; until then the last look counts. */
const freshness = 200;

interface Look {
  readonly at: number;
  readonly catalogue: Promise<Catalogue>;
  /** What it found, once it is over. */
  seen: Catalogue | undefined;
}

const entryNames = ['index.ts', 'index.js', 'index.mjs', 'index.tsx', 'index.jsx'];

/**
 * Looks at the folders when somebody asks, not by watching: a stack whose functions nobody calls does nothing, and a save
 * is never missed.
 */
export function createCatalogueReader(options: CatalogueOptions): CatalogueReader {
  let last: Look | undefined;
  const nodeServers = new Map<string, boolean>();
  let problem: string | undefined;
  const report = (text: string | undefined) => {
    if (text !== undefined && text !== problem) options.onProblem(text);
    problem = text;
  };
  function read(): Promise<Catalogue> {
    const at = options.now();
    if (last === undefined || at - last.at > freshness) {
      const look: Look = { at, catalogue: scan(options, nodeServers, report), seen: undefined };
      look.catalogue.then(
        (seen) => {
          look.seen = seen;
        },
        () => {},
      );
      last = look;
    }
    return last.catalogue;
  }
  return {
    read,
    known(name) {
      return last === undefined || options.now() - last.at > freshness ? undefined : last.seen?.functions.get(name);
    },
    async find(name) {
      const seen = read();
      const known = (await seen).functions.get(name);
      if (known !== undefined || !(await hasEntry(options.folder, name))) return known;
      // Others may have missed it in the same look.
      if (last?.catalogue === seen) last = undefined;
      return (await read()).functions.get(name);
    },
    forget() {
      last = undefined;
    },
  };
}

async function scan(
  options: CatalogueOptions,
  nodeServers: Map<string, boolean>,
  report: (problem: string | undefined) => void,
): Promise<Catalogue> {
  const { folder, configFile } = options;
  const config = await readConfigFile({ path: configFile, folder, env: options.env }).then(
    (read) => {
      report(undefined);
      return read;
    },
    (error: Error) => {
      report(`${configFile} cannot be understood: ${error.message}`);
      return undefined;
    },
  );
  const deployed = await readDeployments(folder);
  const entries = (await entriesOf(folder)).filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
  const named = new Map<string, FunctionOptions>();
  const shared: TreeFile[] = [];
  const sharedFolders: string[] = [];
  const trees = new Map<string, readonly TreeFile[]>();
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory() && !entry.isSymbolicLink()) {
      const file = await fileAt(path);
      if (file) shared.push(file);
      continue;
    }
    const tree = await listTree(path, options.maxFiles);
    const given = { ...deployed.get(entry.name)?.options, ...config?.functions.get(entry.name) };
    const isFunction =
      isFunctionName(entry.name) && (given.entrypoint !== undefined || entryOf(path, tree) !== undefined);
    trees.set(entry.name, tree);
    if (isFunction) named.set(entry.name, given);
    else if (entry.name !== 'main') {
      shared.push(...tree);
      sharedFolders.push(path);
    }
  }
  const rootFiles = shared.map(({ path }) => path).filter((path) => !path.slice(folder.length + 1).includes('/'));
  const functions = new Map<string, FunctionDefinition>();
  const configMark = (await fileAt(configFile))?.mark ?? '';
  for (const [name, given] of named) {
    const own = join(folder, name);
    const tree = trees.get(name) ?? [];
    const entry = given.entrypoint ?? (entryOf(own, tree) as string);
    const files = [...shared, ...tree];
    const revision = digest([
      entry,
      JSON.stringify(given),
      configMark,
      ...files.map(({ path, mark }) => `${path}|${mark}`),
    ]);
    const known = nodeServers.get(revision);
    const nodeServer = known ?? (await looksLikeNodeServer(files));
    if (known === undefined) nodeServers.set(revision, nodeServer);
    functions.set(name, {
      name,
      folder: own,
      entry,
      verifyJwt: given.verifyJwt ?? options.verifyJwt,
      enabled: given.enabled ?? true,
      imports: importsOf(given.importMap, own, folder, files),
      readable: [own, ...sharedFolders, ...rootFiles.filter(isShareable), ...staticFolders(given.staticFiles ?? [])],
      env: given.env ?? {},
      nodeServer,
      revision,
      changedAt: Math.max(0, ...tree.map(({ changedAt }) => changedAt)),
    });
  }
  trim(nodeServers, functions.size);
  return { functions, secrets: config?.secrets ?? {}, triggers: config?.triggers ?? new Map() };
}

/** A file of variables is for the program, which hands out what is in it. */
const isShareable = (path: string): boolean => !basename(path).startsWith('.env');

/** A name that is no function costs these few looks, whoever asks for it. */
async function hasEntry(folder: string, name: string): Promise<boolean> {
  if (!isFunctionName(name)) return false;
  const files = await Promise.all(entryNames.map((entry) => fileAt(join(folder, name, entry))));
  return files.some((file) => file !== undefined);
}

function entryOf(folder: string, tree: readonly TreeFile[]): string | undefined {
  const paths = new Set(tree.map(({ path }) => path));
  return entryNames.map((name) => join(folder, name)).find((path) => paths.has(path));
}

function importsOf(
  given: string | undefined,
  own: string,
  root: string,
  files: readonly TreeFile[],
): ImportSource | undefined {
  if (given !== undefined) return { kind: /(^|\/)deno\.jsonc?$/.test(given) ? 'config' : 'import-map', path: given };
  const paths = new Set(files.map(({ path }) => path));
  const candidates: readonly ImportSource[] = [
    { kind: 'config', path: join(own, 'deno.json') },
    { kind: 'config', path: join(own, 'deno.jsonc') },
    { kind: 'import-map', path: join(own, 'import_map.json') },
    { kind: 'package', path: join(own, 'package.json') },
    { kind: 'config', path: join(root, 'deno.json') },
    { kind: 'config', path: join(root, 'deno.jsonc') },
    { kind: 'import-map', path: join(root, 'import_map.json') },
  ];
  return candidates.find(({ path }) => paths.has(path));
}

function digest(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest('hex').slice(0, 16);
}

// Guesses about revisions that are gone are dropped, oldest first.
function trim(guesses: Map<string, boolean>, functions: number): void {
  for (const revision of guesses.keys()) {
    if (guesses.size <= 4 * functions + 16) return;
    guesses.delete(revision);
  }
}
