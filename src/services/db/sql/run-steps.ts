import { asDatabaseError, type Client } from '#kernel/sql';
import { type History, type Outcome, recordStep } from './history.ts';
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
  for (const [index, step] of steps.entries()) {
    if (found[index]) {
      await recordStep(client, step.version, 'found');
    } else if (step.extension && !available.has(step.extension)) {
      await recordStep(client, step.version, 'unavailable', server);
    } else {
      const { outcome, message } = await runStep(client, step, context);
      if (outcome === 'applied') applied.push(step.version);
      if (outcome === 'denied') denied.push({ version: step.version, message });
    }
  }
  return { applied, denied };
}

async function runStep(
  client: Client,
  step: Step,
  context: StepContext,
): Promise<{ readonly outcome: Outcome; readonly message: string }> {
  const { version } = step;
  const asAdmin = context.superuser && !step.asConnected;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.pg.query(`begin;\n${asAdmin ? `set local role ${context.admin};\n` : ''}${step.sql(context)}`);
      if (asAdmin) await client.pg.query('set local role none');
      await recordStep(client, version, 'applied');
      await client.pg.query('commit');
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

async function availableExtensions(client: Client, steps: readonly Step[]): Promise<ReadonlySet<string>> {
  const wanted = steps.flatMap((step) => step.extension ?? []);
  if (wanted.length === 0) return new Set();
  const { rows } = await client.pg.query<{ name: string }>(
    'select name from pg_available_extensions where name = any($1)',
    [wanted],
  );
  return new Set(rows.map((row) => row.name));
}
