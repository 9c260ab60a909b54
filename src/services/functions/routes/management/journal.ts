import type { JournalEntry } from '../../core/events/journal.ts';
import type { ManagementRequest, ManagementRoute } from './route.ts';

const most = 1_000;
const usual = 100;

/** Logs and invocations of all functions or of one; `after` gives only what is newer than an entry's `sequence`. */
export const journalRoutes: readonly ManagementRoute[] = (['logs', 'invocations'] as const).flatMap((what) => {
  const kind = what === 'logs' ? 'log' : 'invocation';
  const run = async (request: ManagementRequest) => ({ status: 200, json: entries(request, kind) });
  return [
    { method: 'GET', path: `/v1/projects/:ref/functions-${what}`, run } as const,
    { method: 'GET', path: `/v1/projects/:ref/functions/:slug/${what}`, run } as const,
  ];
});

function entries({ functions, params, query }: ManagementRequest, kind: JournalEntry['kind']): readonly JournalEntry[] {
  const number = (name: string, fallback: number): number => {
    const value = Number(query.get(name) ?? fallback);
    return Number.isSafeInteger(value) && value >= 0 ? value : fallback;
  };
  return functions.journal.query({
    kind,
    ...(params.slug !== undefined && { function: params.slug }),
    after: number('after', 0),
    limit: Math.min(most, number('limit', usual)),
  });
}
