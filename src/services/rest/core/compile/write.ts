import { quoteIdentifier } from '#kernel/sql';
import type { Column } from '../cache/model.ts';
import type { Condition } from '../plan/read-plan.ts';
import type { Returning } from '../plan/returning.ts';
import type { Change, WritePlan } from '../plan/write-plan.ts';
import { conditionSql, type EmbedTest, whereSql } from './conditions.ts';
import { qualified } from './fields.ts';
import type { Parameters } from './parameters.ts';
import { type PayloadColumn, payloadFrom } from './payload.ts';

type Insert = Change & { kind: 'insert' };
type Update = Change & { kind: 'update' };

/** The INSERT, UPDATE or DELETE of a write, with the columns of the changed rows that are needed. */
export function writeSql({ table, change, returning }: WritePlan, parameters: Parameters): string {
  const target = qualified(table);
  const returned = returningSql(returning, target);
  switch (change.kind) {
    case 'insert':
      return `${insertSql(change, target, parameters)} RETURNING ${returned}`;
    case 'update':
      if (change.columns.length === 0) return `SELECT ${returned} FROM ${target} WHERE false`;
      return `${updateSql(change, target, parameters)} RETURNING ${returned}`;
    case 'delete':
      return `DELETE FROM ${target}${rowsSql(change.conditions, target, parameters)} RETURNING ${returned}`;
  }
}

function returningSql(returning: Returning | undefined, target: string): string {
  if (returning === undefined) return '1';
  const names = returning.names.map((name) => `${target}.${quoteIdentifier(name)}`);
  const columns = returning.all ? [`${target}.*`, ...names] : names;
  return columns.length === 0 ? '1' : columns.join(', ');
}

function insertSql(change: Insert, target: string, parameters: Parameters): string {
  const names = change.columns.map(({ name }) => quoteIdentifier(name));
  const values = names.map((name) => `pgrst_body.${name}`);
  const from = payloadFrom({ ...payloadOf(change), onlyFirst: false }, parameters);
  const conditions = change.keyValues.map(
    ([column, value]) => `pgrst_body.${quoteIdentifier(column)} = ${parameters.add(value)}`,
  );
  if (change.countsInserted) conditions.push(`${counterSql('+')} <> ''`);
  const list = names.length === 0 ? '' : `(${names.join(', ')})`;
  return (
    `INSERT INTO ${target}${list} SELECT ${values.join(', ')} FROM ${from}` +
    `${whereSql(conditions)}${conflictSql(change, names)}`
  );
}

function conflictSql({ conflict, countsInserted }: Insert, names: readonly string[]): string {
  if (conflict === undefined) return '';
  const target = ` ON CONFLICT (${conflict.columns.map(quoteIdentifier).join(', ')})`;
  if (conflict.resolution === 'ignore-duplicates' || names.length === 0) return `${target} DO NOTHING`;
  const sets = names.map((name) => `${name} = EXCLUDED.${name}`);
  return `${target} DO UPDATE SET ${sets.join(', ')}${countsInserted ? ` WHERE ${counterSql('-')} <> ''` : ''}`;
}

/** Name of the transaction's counter of rows that are new. */
export const insertedCounter = 'pgrst.inserted';

// Raised for each row to insert and lowered for each that turned out to be there: what is left was inserted.
function counterSql(sign: '+' | '-'): string {
  const value = `coalesce(nullif(current_setting('${insertedCounter}', true), ''), '0')::int ${sign} 1`;
  return `set_config('${insertedCounter}', (${value})::text, true)`;
}

function updateSql(change: Update, target: string, parameters: Parameters): string {
  const sets = change.columns.map(({ name }) => `${quoteIdentifier(name)} = pgrst_body.${quoteIdentifier(name)}`);
  const from = payloadFrom({ ...payloadOf(change), onlyFirst: false }, parameters);
  return `UPDATE ${target} SET ${sets.join(', ')} FROM ${from}${rowsSql(change.conditions, target, parameters)}`;
}

function payloadOf({ payload, columns, appliesDefaults }: Insert | Update) {
  return { body: payload.body, isArray: payload.isArray, columns: columns.map(payloadColumn), appliesDefaults };
}

function payloadColumn({ name, declaredType, representation, default: missing }: Column): PayloadColumn {
  const fromJson = representation?.fromJson;
  const toJson = representation?.toJson;
  // What stands in for a missing value is read as if the client had sent it.
  const isShown = missing !== undefined && fromJson !== undefined && toJson !== undefined;
  return {
    name,
    type: declaredType,
    fromJson,
    default: isShown ? `${toJson}(CAST(${missing} AS ${declaredType}))` : missing,
  };
}

// The rows to change are chosen by their own columns only; embeds belong to the representation.
const noEmbeds: EmbedTest = () => 'true';

function rowsSql(conditions: readonly Condition[], target: string, parameters: Parameters): string {
  return whereSql(conditions.map((one) => conditionSql(one, target, parameters, noEmbeds)));
}
