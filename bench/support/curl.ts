import { spawn } from 'node:child_process';

/** Some transfers by curl, which is cheaper than any client of ours would be. */
export interface Transfers {
  /** `[1-20]` in it counts. */
  readonly url: string;
  /** Processes at the same time, each doing all of the URL's numbers over one connection. */
  readonly clients: number;
  readonly headers?: readonly string[];
  /** Sends this file; otherwise it receives. */
  readonly file?: string;
  /** Default PUT for sending. */
  readonly method?: string;
}

/** Runs transfers. @returns seconds they took @throws Error with the first answer that is no success */
export async function transfer({ url, clients, headers = [], file, method }: Transfers): Promise<number> {
  const flags = ['-sS', '--fail-with-body', '-o', '/dev/null', '-w', '%{http_code}\\n'];
  if (method !== undefined) flags.push('-X', method);
  for (const header of ['Expect:', ...headers]) flags.push('-H', header);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: clients }, (_, number) => {
      const target = url.replaceAll('{client}', String(number));
      return run('curl', [...flags, ...(file === undefined ? [target] : ['-T', file, target])]);
    }),
  );
  return (performance.now() - started) / 1_000;
}

function run(program: string, flags: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}: ${output.slice(-500)}`));
    });
  });
}
