import type { Change, Row } from './row.ts';
import type { RoleView, Table } from './tables.ts';
import { type TypeLookup, valueJson } from './value-json.ts';

/** JSON of values that only the database can write, by type and text. */
export type ForeignJson = ReadonlyMap<string, string>;

/** What a payload depends on besides the change. */
export interface PayloadView {
  readonly table: Table;
  readonly view: RoleView;
  /** Columns wished for; the key is among them always. */
  readonly select: readonly string[] | undefined;
}

/** Limits of a payload. */
export interface PayloadLimits {
  /** Bytes of a row's values; beyond it only short ones are sent. */
  readonly record: number;
}

const shortValue = 64;

/** Key of a value in `ForeignJson`. */
export const foreignKey = (typeOid: number, text: string): string => `${typeOid} ${text}`;

/** Values that have to be asked of the database. */
export function foreignValues(change: Change, types: TypeLookup): { typeOid: number; text: string }[] {
  const found: { typeOid: number; text: string }[] = [];
  for (const { name, typeOid } of change.columns) {
    const type = types(typeOid);
    for (const row of new Set([change.row, change.old])) {
      const text = row.get(name);
      if (typeof text === 'string' && (!type || valueJson(text, type, types) === undefined))
        found.push({ typeOid, text });
    }
  }
  return found;
}

/** Time of commit as clients get it: UTC with milliseconds. */
export const commitTimestamp = (microseconds: number): string =>
  new Date(Math.floor(microseconds / 1_000)).toISOString();

/** JSON of an event's `data` (spec §2.2). */
export function changeData(
  change: Change,
  { table, view, select }: PayloadView,
  types: TypeLookup,
  foreign: ForeignJson,
  limits: PayloadLimits,
): string {
  const { type, source } = change;
  const isWished = (name: string) => !select || select.includes(name) || table.info.primaryKey.includes(name);
  const columns = change.columns.filter(({ name }) => view.info.selectable.has(name) && isWished(name));
  const isTooLarge = sizeOf(change) > limits.record;
  const json = (row: Row, isShown: (name: string) => boolean): string => {
    const fields: string[] = [];
    for (const { name, typeOid } of columns) {
      const text = row.get(name);
      if (text === undefined || !isShown(name)) continue;
      const value = text === null ? 'null' : jsonOf(text, typeOid, types, foreign);
      if (!isTooLarge || Buffer.byteLength(value) <= shortValue) fields.push(`${JSON.stringify(name)}:${value}`);
    }
    return `{${fields.join(',')}}`;
  };
  const described = columns.map(({ name, typeOid }) => ({ name, type: types(typeOid)?.name ?? 'text' }));
  const parts = [
    head(change),
    `"commit_timestamp":${JSON.stringify(commitTimestamp(source.transaction.committedAt))}`,
    `"columns":${JSON.stringify(described)}`,
  ];
  if (type !== 'DELETE') parts.push(`"record":${json(change.row, () => true)}`);
  // What a policy would have hidden of a deleted row cannot be found out any more.
  const isOldShown = (name: string) =>
    type !== 'DELETE' || !table.info.hasRowSecurity || table.info.primaryKey.includes(name);
  if (type !== 'INSERT') parts.push(`"old_record":${json(change.old, isOldShown)}`);
  parts.push(`"errors":${isTooLarge ? '["Error 413: Payload Too Large"]' : 'null'}`);
  return `{${parts.join(',')}}`;
}

/** `data` of a change that a role is told of without being shown it. */
export function errorData(change: Change, error: string): string {
  const parts = [head(change), '"commit_timestamp":null', '"columns":[]', '"record":{}'];
  if (change.type !== 'INSERT') parts.push('"old_record":{}');
  return `{${parts.join(',')},"errors":[${JSON.stringify(error)}]}`;
}

const head = ({ relation, type }: Change): string =>
  `"schema":${JSON.stringify(relation.schema)},"table":${JSON.stringify(relation.name)},"type":"${type}"`;

function jsonOf(text: string, typeOid: number, types: TypeLookup, foreign: ForeignJson): string {
  const type = types(typeOid);
  return (type && valueJson(text, type, types)) ?? foreign.get(foreignKey(typeOid, text)) ?? JSON.stringify(text);
}

function sizeOf({ row, old }: Change): number {
  let size = 0;
  for (const value of row.values()) size += value === null ? 4 : value.length;
  if (old !== row) for (const value of old.values()) size += value === null ? 4 : value.length;
  return size;
}
