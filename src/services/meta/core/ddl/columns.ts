import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { metaError } from '../../errors.ts';
import { commentOn, qualified, transaction, typeName } from './script.ts';

/** What a column may be given. */
interface ColumnBody {
  readonly default_value?: unknown;
  readonly default_value_format?: 'expression' | 'literal';
  readonly is_identity?: boolean;
  readonly identity_generation?: 'ALWAYS' | 'BY DEFAULT';
  readonly is_nullable?: boolean;
  readonly is_unique?: boolean;
  readonly comment?: string | null;
  readonly check?: string | null;
}

/** Body of a new column. */
export interface NewColumn extends ColumnBody {
  readonly table_id: number;
  readonly name: string;
  readonly type: string;
  readonly is_primary_key?: boolean;
}

/** What can be changed of one. */
export interface ColumnChange extends ColumnBody {
  readonly name?: string;
  readonly type?: string;
  readonly drop_default?: boolean;
}

/** What has to be known of a column as it is. */
export interface KnownColumn {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly is_identity: boolean;
  readonly is_unique: boolean;
}

/** A column added to a table. @throws ServiceError for one that is both identity and has a default */
export function createColumn(table: { readonly schema: string; readonly name: string }, column: NewColumn): string {
  assertOneSource(column);
  const name = quoteIdentifier(column.name);
  const relation = qualified(table.schema, table.name);
  const parts = [
    `alter table ${relation} add column ${name} ${typeName(column.type)}`,
    column.default_value !== undefined && `default ${defaultOf(column)}`,
    column.is_identity && `generated ${column.identity_generation ?? 'BY DEFAULT'} as identity`,
    column.is_nullable !== undefined && (column.is_nullable ? 'null' : 'not null'),
    column.is_primary_key && 'primary key',
    column.is_unique && 'unique',
    column.check && `check (${column.check})`,
  ];
  return transaction([parts.filter(Boolean).join(' '), commentOn('column', `${relation}.${name}`, column.comment)]);
}

/**
 * Changes of a column. The default comes after the type it has to fit, identity before nullability it implies, the
 * name last.
 *
 * @param constraints names of its own unique and check constraints, those of this column alone
 */
export function alterColumn(
  old: KnownColumn,
  change: ColumnChange,
  constraints: { readonly unique: readonly string[]; readonly check: readonly string[] },
): string {
  assertOneSource(change);
  const relation = qualified(old.schema, old.table);
  const name = quoteIdentifier(old.name);
  const alter = `alter table ${relation} alter column ${name}`;
  const type = change.type === undefined ? undefined : typeName(change.type);
  const drop = (names: readonly string[]) =>
    names.map((each) => `alter table ${relation} drop constraint ${quoteIdentifier(each)}`);
  return transaction([
    ...(change.check !== undefined ? drop(constraints.check) : []),
    type && `${alter} set data type ${type} using ${name}::${type}`,
    change.drop_default && `${alter} drop default`,
    change.default_value !== undefined && `${alter} set default ${defaultOf(change)}`,
    ...identitySteps(alter, old, change),
    change.is_nullable !== undefined && `${alter} ${change.is_nullable ? 'drop' : 'set'} not null`,
    ...(change.is_unique === false ? drop(constraints.unique) : []),
    change.is_unique === true && !old.is_unique && `alter table ${relation} add unique (${name})`,
    change.check && `alter table ${relation} add check (${change.check})`,
    commentOn('column', `${relation}.${name}`, change.comment),
    change.name !== undefined &&
      change.name !== old.name &&
      `alter table ${relation} rename column ${name} to ${quoteIdentifier(change.name)}`,
  ]);
}

/** Removes one. */
export const dropColumn = (old: KnownColumn, cascade: boolean): string =>
  `alter table ${qualified(old.schema, old.table)} drop column ${quoteIdentifier(old.name)} ${cascade ? 'cascade' : 'restrict'}`;

function identitySteps(alter: string, old: KnownColumn, change: ColumnChange): (string | false)[] {
  const { is_identity, identity_generation } = change;
  if (is_identity === false) return [`${alter} drop identity if exists`];
  if (is_identity === true && !old.is_identity)
    return [`${alter} add generated ${identity_generation ?? 'BY DEFAULT'} as identity`];
  const isOne = is_identity ?? old.is_identity;
  return [isOne && identity_generation !== undefined && `${alter} set generated ${identity_generation}`];
}

function assertOneSource({ is_identity, default_value }: ColumnBody): void {
  if (is_identity && default_value !== undefined)
    throw metaError('object_invalid', { message: 'Columns cannot both be identity and have a default value' });
}

function defaultOf({ default_value, default_value_format }: ColumnBody): string {
  if (default_value === null) return 'null';
  if (default_value_format === 'expression') return String(default_value);
  return quoteLiteral(typeof default_value === 'object' ? JSON.stringify(default_value) : String(default_value));
}
