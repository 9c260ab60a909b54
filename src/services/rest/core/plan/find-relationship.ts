import { restError } from '../../errors.ts';
import type { KeyRelationship, Relationship, SchemaCache } from '../cache/model.ts';
import { mostSimilar, similar } from './similar.ts';

/** What an embed names. */
export interface Wanted {
  readonly target: string;
  readonly hint: string | undefined;
}

/**
 * Finds the one way from a table to what an embed names (PostgREST 14 docs, "Resource Embedding").
 *
 * @param origin name under which the near table is known in the schema
 * @throws PGRST200 when there is none, PGRST201 when there are several
 */
export function findRelationship(cache: SchemaCache, schema: string, origin: string, wanted: Wanted): Relationship {
  const known = cache.relationships.get(schema)?.get(origin) ?? [];
  const fitting = known.filter((one) => one.foreignTable.schema === schema && fits(one, wanted));
  if (fitting.length === 1) return fitting[0] as Relationship;
  if (fitting.length === 0) throw notFound(cache, schema, origin, wanted);
  throw ambiguous(origin, wanted.target, fitting);
}

function fits(relationship: Relationship, { target, hint }: Wanted): boolean {
  if (relationship.kind === 'computed') return relationship.function.name === target;
  if (relationship.isSelf) return fitsSelf(relationship, target, hint);
  const isTable = relationship.foreignTable.name === target;
  if (hint === undefined) return isTable || isKeyOrColumn(relationship, target);
  if (!isTable) return false;
  if (relationship.kind === 'many-to-many') return relationship.junction.name === hint;
  const [near, far] = onlyPair(relationship);
  return relationship.constraint === hint || near === hint || far === hint;
}

// Of the two directions of one key, the table's name means that to many, the key's column that to one.
function fitsSelf(relationship: Relationship, target: string, hint: string | undefined): boolean {
  if (relationship.kind === 'one-to-many')
    return relationship.foreignTable.name === target && (hint === undefined || onlyPair(relationship)[1] === hint);
  return relationship.kind === 'many-to-one' && hint === undefined && onlyPair(relationship)[0] === target;
}

/** Constraints and columns name tables only, since a view may show one key several times. */
function isKeyOrColumn(relationship: Relationship, target: string): boolean {
  if (relationship.kind === 'many-to-many' || relationship.kind === 'computed' || relationship.foreignIsView)
    return false;
  return relationship.constraint === target || onlyPair(relationship)[0] === target;
}

/** The columns of a key that has one on each side. */
function onlyPair({ columns }: KeyRelationship): readonly [near?: string, far?: string] {
  return columns.length === 1 ? (columns[0] as readonly [string, string]) : [];
}

const leastLikeness = 0.33;

function notFound(cache: SchemaCache, schema: string, origin: string, { target, hint }: Wanted) {
  const using = hint === undefined ? '' : ` using the hint '${hint}'`;
  return restError('PGRST200', {
    message: `Could not find a relationship between '${origin}' and '${target}' in the schema cache`,
    details:
      `Searched for a foreign key relationship between '${origin}' and '${target}'${using} in the schema '${schema}', ` +
      'but no matches were found.',
    hint: suggestion(cache, schema, origin, target),
  });
}

function suggestion(cache: SchemaCache, schema: string, origin: string, target: string): string | null {
  const inSchema = cache.relationships.get(schema);
  const children = inSchema?.get(origin)?.filter(({ foreignTable }) => foreignTable.schema === schema);
  if (children === undefined || children.length === 0) {
    const parent = mostSimilar(inSchema?.keys() ?? [], origin, leastLikeness);
    return parent === undefined ? null : `Perhaps you meant '${parent}' instead of '${origin}'.`;
  }
  const names = children.map(({ foreignTable }) => foreignTable.name);
  // Where the table is right, it was the hint that was wrong.
  if (names.some((name) => name.toLowerCase() === target.toLowerCase())) return null;
  const child = similar(names, target, leastLikeness).find(({ score }) => score < 1);
  return child === undefined ? null : `Perhaps you meant '${child.text}' instead of '${target}'.`;
}

const kindOrder = ['one-to-many', 'many-to-one', 'one-to-one', 'many-to-many', 'computed'];

function sortKey(relationship: Relationship): readonly (string | number)[] {
  const { foreignTable, isSelf, kind } = relationship;
  const names =
    relationship.kind === 'computed'
      ? [relationship.function.name]
      : relationship.kind === 'many-to-many'
        ? [
            relationship.junction.schema,
            relationship.junction.name,
            relationship.nearConstraint,
            relationship.farConstraint,
          ]
        : [relationship.constraint, ...relationship.columns.flat()];
  return [foreignTable.schema, foreignTable.name, isSelf ? 1 : 0, kindOrder.indexOf(kind), ...names];
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x, y] = [a[index] as string | number, b[index] as string | number];
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function ambiguous(origin: string, target: string, fitting: readonly Relationship[]) {
  const sorted = [...fitting].sort((a, b) => compareKeys(sortKey(a), sortKey(b)));
  const choices = sorted.map((one) => `'${one.foreignTable.name}!${distinction(one)}'`).join(', ');
  return restError('PGRST201', {
    message: `Could not embed because more than one relationship was found for '${origin}' and '${target}'`,
    details: sorted.map(describe),
    hint: `Try changing '${target}' to one of the following: ${choices}. Find the desired relationship in the 'details' key.`,
  });
}

function distinction(relationship: Relationship): string {
  if (relationship.kind === 'computed') return relationship.function.name;
  return relationship.kind === 'many-to-many' ? relationship.junction.name : relationship.constraint;
}

/** One candidate, as the error's details list it. */
function describe(relationship: Relationship) {
  const { table, foreignTable } = relationship;
  const embedding = `${table.name} with ${foreignTable.name}`;
  if (relationship.kind === 'computed')
    return {
      cardinality: relationship.single ? 'many-to-one' : 'one-to-many',
      embedding,
      relationship: relationship.function.name,
    };
  if (relationship.kind === 'many-to-many') {
    const near = `${relationship.nearConstraint}(${names(relationship.nearColumns, 1)})`;
    const far = `${relationship.farConstraint}(${names(relationship.farColumns, 1)})`;
    return {
      cardinality: relationship.kind,
      embedding,
      relationship: `${relationship.junction.name} using ${near} and ${far}`,
    };
  }
  const near = `${table.name}(${names(relationship.columns, 0)})`;
  const far = `${foreignTable.name}(${names(relationship.columns, 1)})`;
  return {
    cardinality: relationship.kind,
    embedding,
    relationship: `${relationship.constraint} using ${near} and ${far}`,
  };
}

const names = (pairs: readonly (readonly [string, string])[], side: 0 | 1): string =>
  pairs.map((pair) => pair[side]).join(', ');
