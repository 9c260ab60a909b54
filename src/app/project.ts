import type { Room } from '#kernel/lifecycle';

/** How the project's own SQL went. */
export interface ProjectOutcome {
  readonly applied: readonly string[];
  readonly failure?: { readonly file: string; readonly line: number; readonly message: string };
}

/**
 * The step between the services' schemas and the first request: the project's own migrations and seed. It is run in the
 * start order like a room, but a failing file keeps nobody from serving.
 *
 * @param apply runs what is pending
 * @param report is told the outcome
 */
export function createProjectStep(
  apply: () => Promise<ProjectOutcome>,
  report: (outcome: ProjectOutcome) => void,
): Room<undefined> {
  let outcome: ProjectOutcome | undefined;
  return {
    mounts: [],
    api: undefined,
    async start() {
      outcome = await apply();
      report(outcome);
    },
    stop: async () => {},
    health: () =>
      outcome?.failure
        ? { status: 'unhealthy', detail: { reason: outcome.failure.message, ...outcome.failure } }
        : { status: outcome ? 'healthy' : 'starting' },
  };
}
