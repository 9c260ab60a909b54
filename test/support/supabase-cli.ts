import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Finished, type RunOptions, runTool } from './program.ts';

/** Runs the official command line tool: the binary of the npm package itself, which its wrapper would only start. */
export function runSupabaseCli(args: readonly string[], options: RunOptions): Promise<Finished> {
  const require = createRequire(import.meta.url);
  const name = `@supabase/cli-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const platform = createRequire(require.resolve('supabase/package.json')).resolve(`${name}/package.json`);
  const quiet = { SUPABASE_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', NO_COLOR: '1' };
  return runTool(join(dirname(platform), 'bin/supabase'), args, {
    ...options,
    env: { HOME: join(options.cwd, 'home'), ...quiet, ...options.env },
  });
}
