import { type ActAs, actAsSql } from './act-as.ts';
import type { Policy } from './policies.ts';
import { quoteName, quoteQualified, quoteText } from './quote.ts';

/** What somebody tries to do with rows of a table. */
export const attempts = ['select', 'insert', 'update', 'delete'] as const;

/** One of these. */
export type Attempt = (typeof attempts)[number];

/** A request to be judged. */
export interface SimulatedRequest {
  readonly schema: string;
  readonly table: string;
  readonly as: ActAs;
  readonly attempt: Attempt;
  /** Columns of the row that is added, or that others get: a JSON object. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** How a row fares with each of the policies it was judged by, in their order. */
export interface Judged {
  readonly row: Readonly<Record<string, unknown>>;
  readonly using: readonly boolean[];
  readonly check: readonly boolean[];
}

/** What holds before any policy is asked. */
export interface Ground {
  readonly rls: boolean;
  readonly bypasses: boolean;
  readonly granted: boolean;
  /** Roles that the acting one is, or belongs to. */
  readonly roles: readonly string[];
}

const roleOf = ({ kind }: ActAs): string =>
  kind === 'user' ? 'authenticated' : kind === 'service' ? 'service_role' : 'anon';

/** Asks for what holds before any policy is asked. */
export function groundOf({ schema, table, as, attempt }: SimulatedRequest): string {
  const relation = `${quoteText(quoteQualified(schema, table))}::regclass`;
  const role = quoteText(roleOf(as));
  const granted =
    attempt === 'delete'
      ? `has_table_privilege(${role}, ${relation}, 'delete')`
      : `has_any_column_privilege(${role}, ${relation}, '${attempt}')`;
  return `select c.relrowsecurity as rls, r.rolbypassrls or r.rolsuper as bypasses,
  ${granted} and has_schema_privilege(${role}, c.relnamespace, 'usage') as granted,
  (select json_agg(m.rolname) from pg_roles m where pg_has_role(r.oid, m.oid, 'member')) as roles
from pg_class c, pg_roles r where c.oid = ${relation} and r.rolname = ${role}`;
}

/** Policies that have a say: for the command or all, and for a role that the acting one is. Changing rows means finding them first. */
export function applicable(
  policies: readonly Policy[],
  { schema, table, attempt }: SimulatedRequest,
  roles: readonly string[],
): readonly Policy[] {
  const finds = attempt === 'update' || attempt === 'delete';
  return policies.filter(
    (policy) =>
      policy.schema === schema &&
      policy.table === table &&
      (policy.command === 'all' || policy.command === attempt || (finds && policy.command === 'select')) &&
      policy.roles.some((role) => role === 'public' || roles.includes(role)),
  );
}

/** Rows that are judged at most. */
export const mostRows = 100;

/**
 * One transaction that judges rows by policies and is rolled back: rows are taken (or made) with the operator's rights,
 * then each policy's own expressions are asked for each row as whoever acts.
 */
export function simulation(request: SimulatedRequest, policies: readonly Policy[]): string {
  const { schema, table, attempt, values, as } = request;
  const relation = quoteQualified(schema, table);
  const names = Object.keys(values);
  const given = `${quoteText(JSON.stringify(values))}::jsonb`;
  const take =
    attempt === 'insert'
      ? `with made as (insert into ${relation} ${
          names.length === 0
            ? 'default values'
            : `(${names.map(quoteName).join(', ')}) select ${names
                .map((name) => `(g).${quoteName(name)}`)
                .join(', ')} from (select jsonb_populate_record(null::${relation}, ${given}) as g) given`
        } returning *) insert into pg_temp.judged select * from made`
      : `insert into pg_temp.judged select * from ${relation} limit ${mostRows}`;
  const verdicts = (expressions: readonly string[], row: string): string =>
    expressions.length === 0
      ? `'[]'::json`
      : `(select json_build_array(${expressions
          .map((expression) => `coalesce((${expression}), false)`)
          .join(', ')}) from (select (${row}).*) as ${quoteName(table)})`;
  const changed = attempt === 'update' ? `jsonb_populate_record(__judged, ${given})` : '__judged';
  return `begin;
create temp table judged (like ${relation}) on commit drop;
${actAsSql(as)}reset role;
${take};
grant select on pg_temp.judged to ${quoteName(roleOf(as))};
${actAsSql(as)}select to_json(__judged) as row,
  ${verdicts(policies.map(usingOf), '__judged')} as using,
  ${verdicts(
    policies.map((policy) => checkOf(policy, attempt)),
    changed,
  )} as check
from pg_temp.judged as __judged;
rollback;`;
}

const orTrue = (expression: string): string => (expression === '' ? 'true' : `${expression}\n`);
const usingOf = ({ using }: Policy): string => orTrue(using);
// Without one of its own, USING counts for new rows as well.
const checkOf = ({ check, using, command }: Policy, attempt: Attempt): string =>
  attempt === 'insert' || attempt === 'update' ? orTrue(check === '' && command !== 'insert' ? using : check) : 'true';

/** What becomes of a row, and which policies decided. */
export interface Verdict {
  readonly allowed: boolean;
  /** Permissive policies that let it through, or what does in their place. */
  readonly by: readonly string[];
  /** Why not. */
  readonly because: string | undefined;
}

/** Decides as PostgreSQL does: one permissive policy has to agree, and no restrictive one may refuse, at every step the attempt takes. */
export function decide(ground: Ground, attempt: Attempt, policies: readonly Policy[], judged: Judged): Verdict {
  if (!ground.granted) return refused(`the role may not ${attempt} here at all (GRANT)`);
  if (ground.bypasses) return { allowed: true, by: ['the role passes row level security by'], because: undefined };
  if (!ground.rls) return { allowed: true, by: ['row level security is off'], because: undefined };
  const steps: readonly (readonly [Attempt, 'using' | 'check', string])[] = {
    select: [['select', 'using', 'to read it']] as const,
    insert: [['insert', 'check', 'to add it']] as const,
    update: [
      ['select', 'using', 'to find it'],
      ['update', 'using', 'to change it'],
      ['update', 'check', 'for what it becomes'],
    ] as const,
    delete: [
      ['select', 'using', 'to find it'],
      ['delete', 'using', 'to delete it'],
    ] as const,
  }[attempt];
  const by = new Set<string>();
  for (const [command, part, purpose] of steps) {
    const asked = policies.flatMap((policy, index) =>
      policy.command === 'all' || policy.command === command ? [{ policy, agrees: judged[part][index] === true }] : [],
    );
    const refusing = asked.find(({ policy, agrees }) => !policy.permissive && !agrees);
    if (refusing) return refused(`“${refusing.policy.name}” refuses ${purpose}`);
    const agreeing = asked.filter(({ policy, agrees }) => policy.permissive && agrees);
    if (agreeing.length === 0) return refused(`no policy agrees ${purpose}`);
    for (const { policy } of agreeing) by.add(policy.name);
  }
  return { allowed: true, by: [...by], because: undefined };
}

const refused = (because: string): Verdict => ({ allowed: false, by: [], because });
