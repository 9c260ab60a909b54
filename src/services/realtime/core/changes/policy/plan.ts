import type { PolicyInfo, RoleInfo, TableInfo } from '../../../sql/changes/catalogue.ts';
import { type Condition, type Term, termsOf } from './expression.ts';
import { parseCondition } from './parse.ts';
import { claimsRead, usesKnownFunctions } from './reads.ts';

/** A part of a condition that lets a row be seen, and how to find the tokens it may hold for. */
export interface Branch {
  readonly test: Condition;
  /** It holds only where the claim equals the column. */
  readonly link: { readonly claim: Extract<Term, { kind: 'claim' }>; readonly column: string } | undefined;
}

/** How it is found out who of a role may see a row. */
export type AccessPlan =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** Decided here, from the row and the token. */
  | { readonly kind: 'decide'; readonly branches: readonly Branch[]; readonly columns: ReadonlySet<string> }
  /** Asked of the database. `claims`: the only ones that can make a difference; undefined: any can. */
  | { readonly kind: 'ask'; readonly claims: ReadonlySet<string> | undefined };

/** What policies of other tables read, that a policy looks into. */
export type ReadsOfRelation = (relation: PolicyInfo['relations'][number]) => ReadonlySet<string> | undefined;

/** Plans the access of a role to the rows of a table (PostgreSQL documentation, "Row Security Policies"). */
export function planAccess(table: TableInfo, role: RoleInfo, readsOf: ReadsOfRelation): AccessPlan {
  if (!role.exists) return { kind: 'none' };
  if (!table.hasRowSecurity || role.isExempt) return { kind: 'all' };
  const policies = table.policies.filter(({ oid }) => role.policies.has(oid));
  if (!policies.some(({ isPermissive }) => isPermissive)) return { kind: 'none' };
  return planDecision(table, policies) ?? { kind: 'ask', claims: readByAll(policies, readsOf) };
}

function planDecision(table: TableInfo, policies: readonly PolicyInfo[]): AccessPlan | undefined {
  const permissive: Condition[] = [];
  const restrictive: Condition[] = [];
  for (const policy of policies) {
    const condition = usesKnownFunctions(policy) ? parseCondition(policy.condition, table.columns) : undefined;
    if (!condition) return undefined;
    (policy.isPermissive ? permissive : restrictive).push(condition);
  }
  const alternatives = permissive.flatMap((condition) => (condition.kind === 'or' ? condition.items : [condition]));
  const branches = alternatives.map((alternative): Branch => {
    const parts = alternative.kind === 'and' ? alternative.items : [alternative];
    return { test: { kind: 'and', items: [...parts, ...restrictive] }, link: linkOf([...parts, ...restrictive]) };
  });
  const columns = new Set(
    branches.flatMap(({ test }) => termsOf(test).flatMap((term) => (term.kind === 'column' ? [term.name] : []))),
  );
  return { kind: 'decide', branches, columns };
}

function linkOf(parts: readonly Condition[]): Branch['link'] {
  for (const part of parts) {
    if (part.kind !== 'equal') continue;
    const { left, right } = part;
    if (left.kind === 'claim' && right.kind === 'column') return { claim: left, column: right.name };
    if (right.kind === 'claim' && left.kind === 'column') return { claim: right, column: left.name };
  }
  return undefined;
}

function readByAll(policies: readonly PolicyInfo[], readsOf: ReadsOfRelation): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const policy of policies) {
    const reads = [claimsRead(policy), ...policy.relations.map(readsOf)];
    for (const read of reads) {
      if (!read) return undefined;
      for (const claim of read) all.add(claim);
    }
  }
  return all;
}
