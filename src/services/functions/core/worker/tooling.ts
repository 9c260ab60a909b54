import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { lchown, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';
import { importArguments } from './command.ts';
import { openPlace, type PlaceOptions } from './place.ts';
import { bringRegistries } from './registries.ts';
import { importsIn, runDeno } from './run-deno.ts';

/** Deno's own tools on one function. */
export interface Tooling {
  /** Fetches what a function imports, so that it starts without a network. @returns what Deno printed @throws Error with it */
  cache(definition: FunctionDefinition): Promise<string>;
  /** Writes a function with all it imports into one file. @throws Error with what Deno printed */
  bundle(definition: FunctionDefinition, target: string): Promise<string>;
}

/** @param env variables for Deno: registries, certificates, proxies */
export function createTooling(options: PlaceOptions, env: Readonly<Record<string, string>>): Tooling {
  async function run(
    definition: FunctionDefinition,
    command: readonly string[],
    last: readonly string[],
  ): Promise<string> {
    const place = openPlace(options);
    const folder = mkdtempSync(join(tmpdir(), 'functions-tool-'));
    try {
      const imports = await importsIn(definition, folder);
      const hasRegistries = await bringRegistries(definition, options.folder, folder, undefined);
      const args = [
        ...command,
        '--quiet',
        '--no-lock',
        '--node-modules-dir=none',
        ...importArguments(imports),
        ...last,
      ];
      // The cache belongs to the workers' user. Sources are the caller's, who may read them where workers may not.
      const output = await runDeno(place.deno, args, {
        ...env,
        DENO_DIR: place.cacheFolder,
        HOME: hasRegistries ? folder : place.home,
        NO_COLOR: '1',
      });
      if (place.user) await handOver(place.cacheFolder, place.user.uid, place.user.gid);
      return output;
    } finally {
      rmSync(folder, { recursive: true, force: true });
      rmSync(place.runFolder, { recursive: true, force: true });
    }
  }
  return {
    cache: (definition) => run(definition, ['cache', '--allow-import'], [definition.entry]),
    bundle(definition, target) {
      mkdirSync(dirname(target), { recursive: true });
      return run(definition, ['bundle', '--allow-import', '--platform=deno'], ['--output', target, definition.entry]);
    },
  };
}

async function handOver(folder: string, uid: number, gid: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await lchown(join(entry.parentPath, entry.name), uid, gid);
}
