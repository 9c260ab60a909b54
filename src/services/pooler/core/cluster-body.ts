import { asObject, type FieldProblems, fieldsOf } from './body-fields.ts';

/** A member of a cluster. */
export interface ClusterTenant {
  readonly type: 'write' | 'read';
  readonly tenant_external_id: string;
  readonly active: boolean;
}

/** Tenants that are one database and its replicas, as Supavisor's API shows them. */
export interface Cluster {
  readonly alias: string;
  readonly active: boolean;
  readonly cluster_tenants: readonly ClusterTenant[];
}

/**
 * Reads the body of `PUT /api/clusters/:alias`: `{cluster: {active?, cluster_tenants: [{type, tenant_external_id, active?}]}}`.
 * There is at most one active member that writes.
 *
 * @returns the cluster, or what is wrong
 */
export function parseCluster(alias: string, body: unknown): Cluster | { readonly problems: FieldProblems } {
  const given = asObject(asObject(body)?.cluster);
  if (!given) return { problems: { cluster: ["can't be blank"] } };
  const fields = fieldsOf(given);
  if (!/^[\w.-]{1,64}$/.test(alias)) fields.problems.alias = ['has invalid format'];
  const members = (fields.objects('cluster_tenants') ?? []).map((each): ClusterTenant => {
    const member = fieldsOf(each);
    const read: ClusterTenant = {
      type: member.choice('type', ['write', 'read'], 'write'),
      tenant_external_id: member.text('tenant_external_id', undefined, 64),
      active: member.flag('active', true),
    };
    for (const [name, texts] of Object.entries(member.problems)) fields.problems[`cluster_tenants.${name}`] = texts;
    return read;
  });
  if (members.length === 0) fields.problems.cluster_tenants ??= ["can't be blank"];
  if (members.filter(({ type, active }) => active && type === 'write').length > 1)
    fields.problems.cluster_tenants = ['have more than one that writes'];
  const active = fields.flag('active', true);
  if (Object.keys(fields.problems).length > 0) return { problems: fields.problems };
  return { alias, active, cluster_tenants: members };
}
