import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import type { Audience, Shape } from './audience.ts';
import { errorFor, type Job } from './job.ts';
import { askVisible } from './policy/ask.ts';
import type { Group, Groups } from './policy/groups.ts';

/** What asking the database needs. */
export interface AuthoriseContext {
  readonly db: Database;
  readonly log: Logger;
  /** Runs of the executor were made. */
  readonly counted: (runs: number) => void;
}

/** Finds out which groups may see the changes, here where that can be, else from the database. */
export async function authoriseAll(context: AuthoriseContext, jobs: readonly Job[]): Promise<void> {
  const open = new Map<Audience, Map<string, Job[]>>();
  for (const job of jobs) {
    // A deleted row cannot be looked up: whoever the filters match is told, of the key only (see payload).
    if (job.change.type === 'DELETE') continue;
    for (const { view } of new Set(job.matched)) {
      if (errorFor(job, view) || job.decisions.has(view.role)) continue;
      const decision = job.audience.groups(view.role)?.decide(job.change.row);
      if (!decision) continue;
      job.decisions.set(view.role, decision);
      if (decision.open.size === 0) continue;
      const roles = open.get(job.audience) ?? new Map<string, Job[]>();
      open.set(job.audience, roles);
      const of = roles.get(view.role);
      if (of) of.push(job);
      else roles.set(view.role, [job]);
    }
  }
  const asked: Promise<void>[] = [];
  for (const [audience, roles] of open) for (const [role, of] of roles) asked.push(askAll(context, audience, role, of));
  await Promise.all(asked);
}

/** A row that is asked about, once however often it was changed. */
interface AskedRow {
  readonly key: readonly string[];
  readonly changes: { readonly job: Job; readonly wanting: ReadonlySet<Group> }[];
}

async function askAll(context: AuthoriseContext, audience: Audience, role: string, jobs: readonly Job[]) {
  const { info, columns } = audience.table;
  const key = info.primaryKey.map((name) => ({ name, sqlName: columns.get(name)?.type.sqlName ?? 'text' }));
  const rows = rowsOf(audience, role, jobs);
  const places = new Map<Group, number[]>();
  for (const [place, { changes }] of rows.entries())
    for (const group of wantedByAny(changes)) {
      const own = places.get(group);
      if (own) own.push(place);
      else places.set(group, [place]);
    }
  // Most groups are asked about all rows; one list serves them all.
  const all = rows.map((row) => row.key);
  const asked = [...places];
  const questions = asked.map(([group, own]) => ({
    group,
    keys: own.length === rows.length ? all : own.map((place) => all[place] as readonly string[]),
  }));
  const failed = (error: unknown) => context.log.debug({ err: error, role, table: info.name }, 'a policy failed');
  const answers = await askVisible({ ...context, failed }, { ...info, key }, role, questions);
  for (const [index, [group, own]] of asked.entries())
    for (const visible of answers[index] ?? [])
      for (const { job, wanting } of rows[own[visible] as number]?.changes ?? [])
        if (wanting.has(group)) job.granted.add(group);
}

function rowsOf(audience: Audience, role: string, jobs: readonly Job[]): AskedRow[] {
  const rows = new Map<string, AskedRow>();
  const wantingOf = createWanting(role, audience.groups(role));
  for (const job of jobs) {
    const key = audience.table.info.primaryKey.map((name) => job.change.row.get(name) ?? '');
    const text = JSON.stringify(key);
    const row = rows.get(text) ?? { key, changes: [] };
    rows.set(text, row);
    row.changes.push({ job, wanting: wantingOf(job) });
  }
  return [...rows.values()];
}

function wantedByAny(changes: AskedRow['changes']): Iterable<Group> {
  const [first] = changes;
  if (first && changes.length === 1) return first.wanting;
  return new Set(changes.flatMap(({ wanting }) => [...wanting]));
}

/**
 * Groups to ask about a row: only those with a member whose filters match. Changes in a row mostly match the same shapes,
 * so the last answer is kept.
 */
function createWanting(role: string, groups: Groups | undefined): (job: Job) => ReadonlySet<Group> {
  let last: { readonly shapes: Shape[]; readonly open: ReadonlySet<Group>; readonly wanting: Set<Group> } | undefined;
  return (job) => {
    const shapes = job.matched.filter(({ view }) => view.role === role);
    const open = job.decisions.get(role)?.open ?? new Set<Group>();
    const isSame = last?.open === open && last.shapes.length === shapes.length;
    if (last && isSame && last.shapes.every((shape, index) => shape === shapes[index])) return last.wanting;
    const wanting = new Set<Group>();
    for (const { members } of shapes)
      for (const member of members) {
        const group = groups?.groupOf(member);
        if (group && open.has(group)) wanting.add(group);
      }
    last = { shapes, open, wanting };
    return wanting;
  };
}
