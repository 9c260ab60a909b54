import type { StackHealth } from '../stack-info.ts';

const worst = ['stopped', 'unhealthy', 'starting', 'healthy'] as const;

/**
 * One report out of those of several processes: each room is as well as where it fares worst.
 *
 * @param reports those of the workers; undefined for one that does not answer
 * @param served rooms that every worker runs
 */
export function mergeHealth(reports: readonly (StackHealth | undefined)[], served: readonly string[]): StackHealth {
  const merged: Record<string, StackHealth[string]> = {};
  const silent = reports.filter((report) => report === undefined).length;
  for (const room of served) {
    const known = reports.flatMap((report) => report?.[room] ?? []);
    const poorest = known.sort((a, b) => worst.indexOf(a.status) - worst.indexOf(b.status))[0];
    if (silent === 0 && poorest) merged[room] = poorest;
    else
      merged[room] = {
        status: 'starting',
        required: true,
        detail: { reason: `${silent} of ${reports.length} workers do not answer` },
      };
  }
  return merged;
}
