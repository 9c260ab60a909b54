import type { Briefness } from './briefness.ts';
import type { Client } from './client.ts';
import { asDatabaseError, type DatabaseError } from './database-error.ts';
import type { RawResult } from './exchange.ts';
import { WireWriter } from './wire-writer.ts';

/** One statement of a pipelined transaction. Values are text (untyped: the server infers) or bytes. */
export interface PipelineStep {
  readonly text: string;
  readonly values: readonly (string | Buffer | null)[];
  /** False for statements that would only push useful ones out of the cache. Default true. */
  readonly prepare?: boolean;
  /** True: the values are wanted as the server's bytes, in `cells`; `rows` stays empty. Default false. */
  readonly raw?: boolean;
}

/** Rows as the server's texts, and the command tag (`SELECT 1`). */
export interface StepResult {
  readonly rows: readonly (readonly (string | null)[])[];
  /** The rows of a step with `raw`, not copied: they keep what was read with them in memory. */
  readonly cells?: readonly (readonly (Buffer | null)[])[];
  readonly command: string;
}

/** What is needed of an AbortSignal. */
export type CancelSignal = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

/**
 * A transaction whose statements are all known beforehand, so that it can be sent in ONE write and answered in one
 * read: begin, steps, commit. With `decide` the commit waits for the rows (one more round trip).
 */
export interface PipelinedTransaction {
  /** Scope of the prepared statements: statements are never shared between two scopes. */
  readonly role: string;
  /**
   * e.g. `begin isolation level serializable read only`. Left out where the session's defaults will do: statements up to
   * one Sync are one implicit transaction then, which costs two statements less and needs no rollback.
   */
  readonly begin?: string;
  readonly steps: readonly PipelineStep[];
  /** Default `commit`. A function sees the results first; what it throws rolls back and is thrown on. */
  readonly end?: 'commit' | 'rollback' | ((results: readonly StepResult[]) => 'commit' | 'rollback');
  /** True: once its last statement is known to be brief, it may share a connection's turn with others that are. */
  readonly shares?: boolean;
  /** Aborting cancels the statement on the server and rejects. */
  readonly signal?: CancelSignal;
}

/**
 * Whether a statement failed because its plan was prepared before DDL, or dropped by DISCARD ALL: it was never run, so it
 * may be sent again.
 */
export function isStalePlan(error: DatabaseError | undefined): boolean {
  return (
    error?.code === '26000' ||
    (error?.code === '0A000' && /cached plan must not change result type/.test(error.message))
  );
}

/**
 * Runs a pipelined transaction on a client that nobody else uses meanwhile. The client is outside any transaction
 * afterwards, or no longer usable.
 */
export async function runPipeline(
  client: Client,
  transaction: PipelinedTransaction,
  briefness?: Briefness,
): Promise<readonly StepResult[]> {
  try {
    return await attempt(client, transaction, briefness);
  } catch (error) {
    if (!isStalePlan(asDatabaseError(error))) throw error;
    client.statements.clear();
    return attempt(client, transaction, briefness);
  }
}

async function attempt(
  client: Client,
  transaction: PipelinedTransaction,
  briefness: Briefness | undefined,
): Promise<readonly StepResult[]> {
  const { role, steps, end = 'commit' } = transaction;
  const begin = transaction.begin ?? (end === 'commit' ? undefined : 'begin');
  const writer = new WireWriter();
  const parsed: PipelineStep[] = [];
  for (const name of client.statements.takeClosable()) writer.closeStatement(name);
  if (begin !== undefined) append(writer, client, '', { text: begin, values: [] }, parsed);
  for (const step of steps) append(writer, client, role, step, parsed);
  if (begin !== undefined && typeof end === 'string') append(writer, client, '', { text: end, values: [] }, parsed);
  const { results: all, error, inTransaction, took } = await client.exchange.send(writer.sync().take());
  briefness?.ran(lastText(steps), took);
  if (error !== undefined) {
    for (const step of parsed) {
      client.statements.forget(role, step.text);
      client.statements.forget('', step.text);
    }
    if (inTransaction) await rollBack(client);
    throw error;
  }
  const first = begin === undefined ? 0 : 1;
  const results = steps.map((step, index) => stepResult(step, all[first + index]));
  if (typeof end === 'function') await finish(client, end, results);
  return results;
}

/** The statement by which the duration of a transaction is told beforehand. */
export const lastText = (steps: readonly PipelineStep[]): string => steps.at(-1)?.text ?? '';

/** Lets the results decide, and ends the transaction. */
async function finish(
  client: Client,
  end: (results: readonly StepResult[]) => 'commit' | 'rollback',
  results: readonly StepResult[],
): Promise<void> {
  let decision: 'commit' | 'rollback';
  try {
    decision = end(results);
  } catch (error) {
    await rollBack(client);
    throw error;
  }
  const writer = new WireWriter();
  append(writer, client, '', { text: decision, values: [] }, []);
  const { error, inTransaction } = await client.exchange.send(writer.sync().take());
  if (error === undefined) return;
  client.statements.forget('', decision);
  if (inTransaction) await rollBack(client);
  throw error;
}

function stepResult({ raw }: PipelineStep, { cells, command }: RawResult = noResult): StepResult {
  if (raw) return { rows: [], cells, command };
  return { rows: cells.map((row) => row.map((cell) => (cell === null ? null : cell.toString()))), command };
}

const noResult: RawResult = { cells: [], command: '' };

function append(writer: WireWriter, client: Client, role: string, step: PipelineStep, parsed: PipelineStep[]): void {
  let name = '';
  if (step.prepare === false) writer.parse('', step.text);
  else {
    const statement = client.statements.acquire(role, step.text);
    name = statement.name;
    if (statement.isNew) {
      writer.parse(name, step.text);
      parsed.push(step);
    }
  }
  writer.bind(name, step.values).execute();
}

/** Rolls back; a client that cannot is not used again. */
export async function rollBack(client: Client): Promise<void> {
  if (!client.usable) return;
  try {
    await client.pg.query('rollback');
  } catch {
    // The connection is gone with its transaction; the pool drops it.
    client.usable = false;
  }
}
