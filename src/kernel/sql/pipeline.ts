import type pg from 'pg';
import type { Client } from './client.ts';
import { asDatabaseError, type DatabaseError } from './database-error.ts';
import { WireWriter } from './wire-writer.ts';

/** One statement of a pipelined transaction. Values are text (untyped: the server infers) or bytes. */
export interface PipelineStep {
  readonly text: string;
  readonly values: readonly (string | Buffer | null)[];
  /** False for statements that would only push useful ones out of the cache. Default true. */
  readonly prepare?: boolean;
}

/** Rows as the server's texts, and the command tag (`SELECT 1`). */
export interface StepResult {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
}

/**
 * A transaction whose statements are all known beforehand, so that it can be sent in ONE write and answered in one
 * read: begin, steps, commit. With `decide` the commit waits for the rows (one more round trip).
 */
export interface PipelinedTransaction {
  /** Scope of the prepared statements: statements are never shared between two scopes. */
  readonly role: string;
  /** e.g. `begin isolation level read committed read only` */
  readonly begin: string;
  readonly steps: readonly PipelineStep[];
  /** Default `commit`. A function sees the results first; what it throws rolls back and is thrown on. */
  readonly end?: 'commit' | 'rollback' | ((results: readonly StepResult[]) => 'commit' | 'rollback');
  /** Aborting cancels the statement on the server and rejects. */
  readonly signal?: AbortSignal;
}

interface MutableStepResult {
  rows: (string | null)[][];
  command: string;
}

/** A batch of extended-protocol messages up to one Sync, as pg's own Submittable. */
class Batch implements pg.Submittable {
  readonly results: MutableStepResult[] = [];
  readonly done: Promise<void>;
  // pg reads these of any query it runs.
  readonly name = undefined;
  callback: unknown = () => {};
  #bytes: Buffer;
  #current: (string | null)[][] = [];
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as { stream: { write(bytes: Buffer): void } }).stream.write(this.#bytes);
  }

  handleRowDescription(): void {}

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#current.push(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    this.results.push({ rows: this.#current, command: message.text });
    this.#current = [];
  }

  handleEmptyQuery(): void {
    this.results.push({ rows: [], command: '' });
  }

  handlePortalSuspended(): void {}
  handleCopyInResponse(connection: { sendCopyFail(reason: string): void }): void {
    connection.sendCopyFail('COPY is not possible in a pipelined transaction');
  }
  handleCopyData(): void {}

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}

// A plan prepared before DDL, or dropped by DISCARD ALL: the statement was never run, so it may be sent again.
function isStalePlan(error: DatabaseError | undefined): boolean {
  return (
    error?.code === '26000' ||
    (error?.code === '0A000' && /cached plan must not change result type/.test(error.message))
  );
}

/**
 * Runs a pipelined transaction on a client that nobody else uses meanwhile. The client is outside any transaction
 * afterwards, or no longer usable.
 */
export async function runPipeline(client: Client, transaction: PipelinedTransaction): Promise<readonly StepResult[]> {
  try {
    return await attempt(client, transaction);
  } catch (error) {
    if (!isStalePlan(asDatabaseError(error))) throw error;
    client.statements.clear();
    return attempt(client, transaction);
  }
}

async function attempt(client: Client, transaction: PipelinedTransaction): Promise<readonly StepResult[]> {
  const { role, begin, steps, end = 'commit' } = transaction;
  const writer = new WireWriter();
  const parsed: PipelineStep[] = [];
  for (const name of client.statements.takeClosable()) writer.closeStatement(name);
  append(writer, client, '', { text: begin, values: [] }, parsed);
  for (const step of steps) append(writer, client, role, step, parsed);
  if (typeof end === 'string') append(writer, client, '', { text: end, values: [] }, parsed);
  const batch = new Batch(writer.sync().take());
  try {
    client.pg.query(batch as never);
    await batch.done;
  } catch (error) {
    for (const step of parsed) {
      client.statements.forget(role, step.text);
      client.statements.forget('', step.text);
    }
    await rollBack(client);
    throw error;
  }
  const results = batch.results.slice(1, 1 + steps.length);
  if (typeof end !== 'function') return results;
  let decision: 'commit' | 'rollback';
  try {
    decision = end(results);
  } catch (error) {
    await rollBack(client);
    throw error;
  }
  const final = new WireWriter();
  append(final, client, '', { text: decision, values: [] }, []);
  const closing = new Batch(final.sync().take());
  client.pg.query(closing as never);
  await closing.done.catch(async (error: unknown) => {
    client.statements.forget('', decision);
    await rollBack(client);
    throw error;
  });
  return results;
}

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

async function rollBack(client: Client): Promise<void> {
  if (!client.usable) return;
  try {
    await client.pg.query('rollback');
  } catch {
    // The connection is gone with its transaction; the pool drops it.
    client.usable = false;
  }
}
