import { asDatabaseError, type Client } from '#kernel/sql';
import { type History, type Outcome, recordSql, recordStep } from './history.ts';
import type { Step, StepContext } from './step.ts';

/** What happened to the steps that were due. */
export interface StepReport {
  /** Versions whose statements ran now. */
  readonly applied: readonly string[];
  /** Versions the connected role had no right to run, with the server's message. */
  readonly denied: readonly { readonly version: string; readonly message: string }[];
}

/** Whether the history leaves nothing to do for a step. `server` names the server as far as extensions go. */
export function isDone(step: Step, history: History, superuser: boolean, server: string): boolean {
  const entry = history.outcomes.get(step.version);
  if (!entry) return false;
  if (entry.outcome === 'denied') return !superuser;
  return entry.outcome !== 'unavailable' || entry.note === server;
}

// Somebody else was faster, on another database of the same server: roles belong to all of them.
const raceCodes = new Set(['42710', '42P06', '42P07', '42723', '23505']);

/**
 * Runs steps in order, each in a transaction with its history entry. Conditions are looked at once, before the first
 * step, so that what this run makes is not taken for somebody else's. Hold the advisory lock.
 */
export async function runSteps(
  client: Client,
  steps: readonly Step[],
  context: StepContext,
  server: string,
): Promise<StepReport> {
  const applied: string[] = [];
  const denied: { version: string; message: string }[] = [];
  const found = await evaluate(
    client,
    steps.map((step) => step.unless ?? 'false'),
  );
  const available = await availableExtensions(client, steps);
  const there = steps.filter((_step, index) => found[index]).map((step) => step.version);
  if (there.length > 0) await client.pg.query(recordSql(there, 'found'));
  for (const step of steps.filter((_step, index) => !found[index])) {
    const trusted = step.extension && available.get(step.extension.name);
    if (step.extension && trusted === undefined) {
      await recordStep(client, step.version, 'unavailable', server);
    } else {
      const role = roleOf(step, context, trusted === true);
      const { outcome, message } = await runStep(client, step, context, role);
      if (outcome === 'applied') applied.push(step.version);
      if (outcome === 'denied') denied.push({ version: step.version, message });
    }
  }
  return { applied, denied };
}

/** Who runs a step; undefined: the connected role. */
function roleOf(step: Step, context: StepContext, trusted: boolean): string | undefined {
  if (!context.superuser || step.asConnected) return undefined;
  return step.extension?.ofProject && trusted ? 'postgres' : context.admin;
}

async function runStep(
  client: Client,
  step: Step,
  context: StepContext,
  role: string | undefined,
): Promise<{ readonly outcome: Outcome; readonly message: string }> {
  const { version } = step;
  for (let attempt = 1; ; attempt++) {
    try {
      // One round trip: there are some fifty steps, and servers that are far away.
      await client.pg.query(`
        begin;
        ${role ? `set local role ${role};` : ''}
        ${step.sql(context)};
        ${role ? 'set local role none;' : ''}
        ${recordSql([version], 'applied')};
        commit;
      `);
      return { outcome: 'applied', message: '' };
    } catch (error) {
      const refused = asDatabaseError(error);
      if (refused === undefined) throw error;
      await client.pg.query('rollback');
      const message = `${refused.code}: ${refused.message}`;
      if (raceCodes.has(refused.code) && step.unless && (await evaluate(client, [step.unless]))[0]) {
        await recordStep(client, version, 'found');
        return { outcome: 'found', message };
      }
      const collided = refused.code === 'XX000' && /concurrently/.test(refused.message);
      if (collided && attempt < 10) continue;
      // Classes 53 and 57 (resources, shutdown) say nothing about rights.
      if (context.superuser || /^(53|57|58)/.test(refused.code)) {
        refused.message = `step ${version}: ${refused.message}`;
        throw refused;
      }
      await recordStep(client, version, 'denied', message);
      return { outcome: 'denied', message };
    }
  }
}

async function evaluate(client: Client, conditions: readonly string[]): Promise<boolean[]> {
  const { rows } = await client.pg.query<{ held: (boolean | null)[] }>(
    `select array[${conditions.map((condition) => `(${condition})`).join(',\n')}]::boolean[] as held`,
  );
  return (rows[0]?.held ?? []).map((held) => held === true);
}

/** The extensions that steps ask for and the server has, and whether it lets a database's owner create them. */
async function availableExtensions(client: Client, steps: readonly Step[]): Promise<ReadonlyMap<string, boolean>> {
  const wanted = steps.flatMap((step) => step.extension?.name ?? []);
  if (wanted.length === 0) return new Map();
  const { rows } = await client.pg.query<{ name: string; trusted: boolean }>(
    `select name, bool_or(trusted) as trusted from pg_available_extension_versions where name = any($1) group by name`,
    [wanted],
  );
  return new Map(rows.map((row) => [row.name, row.trusted]));
}
