import { createHash } from 'node:crypto';
import type { FunctionDefinition } from './definition.ts';
import type { Deployment } from './deployments.ts';

/** A function as the management interface shows it. Times are milliseconds since the epoch. */
export interface FunctionResource {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  readonly status: 'ACTIVE' | 'REMOVED';
  readonly verify_jwt: boolean;
  readonly import_map: boolean;
  readonly entrypoint_path: string;
  readonly import_map_path?: string;
  readonly created_at: number;
  readonly updated_at: number;
}

/** What is known of a function: from its folder, and from its deployment where it had one. */
export function describeFunction(definition: FunctionDefinition, deployment: Deployment | undefined): FunctionResource {
  const { name, entry, imports, verifyJwt, enabled, changedAt } = definition;
  return {
    id: deployment?.id ?? idOf(name),
    slug: name,
    name: deployment?.displayName ?? name,
    version: deployment?.version ?? 1,
    status: enabled ? 'ACTIVE' : 'REMOVED',
    verify_jwt: verifyJwt,
    import_map: imports !== undefined,
    entrypoint_path: `file://${entry}`,
    ...(imports && { import_map_path: `file://${imports.path}` }),
    created_at: Math.round(deployment?.createdAt ?? changedAt),
    updated_at: Math.round(Math.max(deployment?.updatedAt ?? 0, changedAt)),
  };
}

// A folder that was only put there has an id all the same, and always the same.
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
