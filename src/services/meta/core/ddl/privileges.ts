import { quoteIdentifier } from '#kernel/sql';
import { qualified, transaction } from './script.ts';

/** Whom something is given to or taken from. */
interface Grant {
  readonly grantee: string;
  readonly privilege_type: string;
  readonly is_grantable?: boolean;
}

/** A privilege on a whole relation. */
export interface RelationGrant extends Grant {
  readonly relation_id: number;
}

/** A privilege on one column; the id is `oid.attnum`. */
export interface ColumnGrant extends Grant {
  readonly column_id: string;
}

/** A relation by name. */
export interface KnownRelation {
  readonly schema: string;
  readonly name: string;
}

/** A column by name. */
export interface KnownColumnOf extends KnownRelation {
  readonly column: string;
}

/** Grants on relations; `relations` are those of `grants`, in their order. */
export const grantOnRelations = (grants: readonly RelationGrant[], relations: readonly KnownRelation[]): string =>
  transaction(
    grants.map((grant, index) => given(grant, grant.privilege_type, onRelation(relations[index] as KnownRelation))),
  );

/** The reverse. Columns keep what they were given by themselves. */
export const revokeOnRelations = (grants: readonly RelationGrant[], relations: readonly KnownRelation[]): string =>
  transaction(
    grants.map((grant, index) => taken(grant, grant.privilege_type, onRelation(relations[index] as KnownRelation))),
  );

/** Grants on columns. */
export const grantOnColumns = (grants: readonly ColumnGrant[], columns: readonly KnownColumnOf[]): string =>
  transaction(grants.map((grant, index) => onColumn(given, grant, columns[index] as KnownColumnOf)));

/** The reverse. */
export const revokeOnColumns = (grants: readonly ColumnGrant[], columns: readonly KnownColumnOf[]): string =>
  transaction(grants.map((grant, index) => onColumn(taken, grant, columns[index] as KnownColumnOf)));

const onRelation = ({ schema, name }: KnownRelation): string => `table ${qualified(schema, name)}`;

function onColumn(form: typeof given, grant: ColumnGrant, column: KnownColumnOf): string {
  return form(grant, `${grant.privilege_type} (${quoteIdentifier(column.column)})`, onRelation(column));
}

const given = (grant: Grant, what: string, on: string): string =>
  `grant ${what} on ${on} to ${grantee(grant)}${grant.is_grantable ? ' with grant option' : ''}`;

const taken = (grant: Grant, what: string, on: string): string => `revoke ${what} on ${on} from ${grantee(grant)}`;

const grantee = ({ grantee: name }: Grant): string =>
  name.toLowerCase() === 'public' ? 'public' : quoteIdentifier(name);
