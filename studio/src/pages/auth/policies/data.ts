import { useMutation } from '@tanstack/react-query';
import { runSql } from '../../../data/sql.ts';
import type { Policy } from '../../../sql/policies.ts';
import {
  applicable,
  type Ground,
  groundOf,
  type Judged,
  type SimulatedRequest,
  simulation,
} from '../../../sql/simulate.ts';

/** What came of a simulated request. */
export interface Simulated {
  readonly request: SimulatedRequest;
  readonly ground: Ground;
  readonly policies: readonly Policy[];
  readonly rows: readonly Judged[];
}

/** Judges a request. Nothing it does stays. @throws ApiError with the database's words */
export async function simulate(request: SimulatedRequest, policies: readonly Policy[]): Promise<Simulated> {
  const [ground] = await runSql<Ground>(groundOf(request));
  if (!ground) throw new Error('There is no such table');
  const asked = applicable(policies, request, ground.roles);
  return { request, ground, policies: asked, rows: await runSql<Judged>(simulation(request, asked)) };
}

/** Judges a request when it is told to. */
export const useSimulation = (policies: readonly Policy[]) =>
  useMutation({ mutationFn: (request: SimulatedRequest) => simulate(request, policies) });
