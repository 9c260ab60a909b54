import type { Limits } from '../core/limits/limits.ts';
import { realtimeError } from '../errors.ts';

/** @throws ServiceError when there is no tenant (spec §3.2), or it is suspended */
export function assertTenant({ removed, suspended }: Limits): void {
  if (removed) throw realtimeError('tenant_unknown');
  if (suspended) throw realtimeError('tenant_suspended');
}
