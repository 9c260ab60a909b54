import pg from 'pg';
import type { Client } from './client.ts';
import type { DatabaseError } from './database-error.ts';
import { isStalePlan, rollBack } from './pipeline.ts';
import type { ResultColumn } from './statement-cache.ts';
import { WireWriter } from './wire-writer.ts';

/** Rows as objects, and how many rows were read or written. */
export interface PreparedResult {
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number;
}

// The driver's own rules, so that prepared statements and others take the same values.
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): string | Buffer | null } }).utils;

/**
 * Runs one statement on a client that nobody else uses meanwhile, prepared at its first run. What its result looks like is
 * asked for once: a statement whose result changes its shape is refused by the server, and sent anew.
 *
 * @param before a statement without values and rows that goes ahead in the same write, such as `begin`
 * @throws the server's error; a transaction is left as that has left it
 */
export async function runPrepared(
  client: Client,
  text: string,
  values: readonly unknown[],
  before?: string,
): Promise<PreparedResult> {
  const prepared = values.map(prepareValue);
  const first = await attempt(client, text, prepared, before);
  if ('rows' in first) return first;
  if (!isStalePlan(first.error)) throw first.error;
  client.statements.clear();
  if (first.inTransaction) {
    // What a transaction had done before is lost with it; only its owner can begin again.
    if (before === undefined) throw first.error;
    await rollBack(client);
  }
  const second = await attempt(client, text, prepared, before);
  if ('rows' in second) return second;
  throw second.error;
}

interface Failure {
  readonly error: DatabaseError;
  /** True: inside a transaction, which has failed with it. */
  readonly inTransaction: boolean;
}

async function attempt(
  client: Client,
  text: string,
  values: readonly (string | Buffer | null)[],
  before: string | undefined,
): Promise<PreparedResult | Failure> {
  const { statements } = client;
  const writer = new WireWriter();
  for (const name of statements.takeClosable()) writer.closeStatement(name);
  const isNew: string[] = [];
  const prepare = (wanted: string) => {
    const statement = statements.acquire('', wanted);
    if (statement.isNew) {
      writer.parse(statement.name, wanted);
      isNew.push(wanted);
    }
    return statement;
  };
  if (before !== undefined) writer.bind(prepare(before).name, []).execute();
  const statement = prepare(text);
  const known = statement.columns;
  if (known === undefined) writer.describeStatement(statement.name);
  writer.bind(statement.name, values).execute();
  const { results, error, inTransaction } = await client.exchange.send(writer.sync().take());
  if (error !== undefined) {
    for (const wanted of isNew) statements.forget('', wanted);
    return { error, inTransaction };
  }
  const { cells, command, fields } = results.at(-1) ?? { cells: [], command: '', fields: undefined };
  const columns = known ?? readColumns(client, fields);
  if (known === undefined) statements.describe('', text, columns);
  return {
    rows: cells.map((row) => toObject(columns, row)),
    rowCount: Number(/(\d+)$/.exec(command)?.[1] ?? 0),
  };
}

function toObject(columns: readonly ResultColumn[], row: readonly (Buffer | null)[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  columns.forEach(({ name, parse }, index) => {
    const cell = row[index] ?? null;
    object[name] = cell === null ? null : parse(cell.toString());
  });
  return object;
}

/** PostgreSQL documentation, "Message Formats", RowDescription: name, then 18 bytes with the type's OID at the sixth. */
function readColumns(client: Client, fields: Buffer | undefined): readonly ResultColumn[] {
  if (fields === undefined) return [];
  const columns: ResultColumn[] = [];
  let at = 2;
  for (let left = fields.readUInt16BE(0); left > 0; left--) {
    const end = fields.indexOf(0, at);
    const name = fields.toString('utf8', at, end);
    columns.push({ name, parse: client.pg.getTypeParser(fields.readUInt32BE(end + 7), 'text') });
    at = end + 19;
  }
  return columns;
}
