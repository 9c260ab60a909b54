import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#kernel/log';
import { type Profiler, ProfilerBusyError } from '../core/profiler/profiler.ts';
import { answerWhole, type SideHandler } from './side-port.ts';

/** Seconds that a CPU profile takes unless the request says so, and at most. */
const seconds = { standard: 30, most: 300 };

const profiles = {
  profile: 'CPU profile; ?seconds=N says for how long (30)',
  heap: 'A sampling of what is live on the heap',
} as const;

const index = `/debug/pprof/\n\n${Object.entries(profiles)
  .map(([name, about]) => `${name}\t${about}`)
  .join('\n')}\n`;

/**
 * Answers below `/debug/pprof/` as Go's `net/http/pprof` does, with the profiles that a JavaScript program has:
 * `go tool pprof http://localhost:9998/debug/pprof/profile?seconds=10` reads them.
 *
 * @param profiler of this process
 */
export function pprofHandler(profiler: Profiler, log: Logger): SideHandler {
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://side');
    const text = (status: number, body: string) =>
      response
        .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
        .end(request.method === 'HEAD' ? undefined : body);

    async function cpu(): Promise<Buffer | undefined> {
      const asked = Number(searchParams.get('seconds') ?? seconds.standard);
      const length = asked > 0 ? Math.min(asked, seconds.most) : seconds.standard;
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const finish = await profiler.startCpu();
      // Whoever leaves early wants nothing of it, but the profiler has to stop.
      await sleep(length * 1_000, undefined, { signal: gone.signal }).catch(() => {});
      const profile = await finish();
      return gone.signal.aborted ? undefined : profile;
    }

    async function answer(name: keyof typeof profiles): Promise<void> {
      try {
        const profile = name === 'profile' ? await cpu() : await profiler.heap();
        if (!profile) return;
        response.setHeader('content-disposition', `attachment; filename="${name}"`);
        answerWhole(request, response, 'application/octet-stream', profile);
      } catch (error) {
        if (error instanceof ProfilerBusyError) text(500, `Could not enable CPU profiling: ${error.message}\n`);
        else {
          log.error({ err: error }, 'no profile could be taken');
          text(500, 'no profile could be taken; the log says why\n');
        }
      }
    }

    const name = pathname.startsWith('/debug/pprof/') ? pathname.slice('/debug/pprof/'.length) : undefined;
    if (name === '') text(200, index);
    else if (name === 'profile' || name === 'heap') void answer(name);
    else text(404, name === undefined ? '404 page not found\n' : 'Unknown profile\n');
  };
}
