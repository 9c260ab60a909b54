import type { Database } from '#kernel/sql';
import type {
  Catalog,
  ColumnRow,
  ComputedRelationshipRow,
  KeyRow,
  MediaHandlerRow,
  OwnSettingRow,
  RelationRow,
  RepresentationRow,
  RoleSettingRow,
  RoutineRow,
  ViewRow,
} from './catalog-rows.ts';
import { columns, existingSchemas, keys, relations, views } from './relations.ts';
import { computedRelationships, mediaAggregates, representations, routines } from './routines.ts';
import { ownSettings, roleSettings, timezones } from './session-facts.ts';

/** What to read. */
export interface CatalogScope {
  readonly schemas: readonly string[];
  /** Schemas whose views are followed besides. */
  readonly extraSearchPath: readonly string[];
  /** Read the settings of roles too. */
  readonly roleSettings: boolean;
}

/**
 * Reads the catalogue in one read-only snapshot. The search path is empty meanwhile, so that names of types come out
 * qualified.
 */
export function loadCatalog(database: Database, scope: CatalogScope): Promise<Catalog> {
  return database.transaction(async (transaction) => {
    await transaction.query(`select set_config('search_path', '', true), set_config('statement_timeout', '0', true)`);
    const rows = async <Row>(text: string, values?: readonly unknown[]) =>
      (await transaction.query<Row>(text, values)).rows;
    const found = new Set((await rows<{ name: string }>(existingSchemas, [scope.schemas])).map(({ name }) => name));
    const schemas = scope.schemas.filter((name) => found.has(name));
    return {
      schemas,
      relations: await rows<RelationRow>(relations, [schemas]),
      columns: await rows<ColumnRow>(columns, [schemas]),
      keys: await rows<KeyRow>(keys),
      views: await rows<ViewRow>(views, [[...schemas, ...scope.extraSearchPath]]),
      routines: await rows<RoutineRow>(routines, [schemas]),
      computedRelationships: await rows<ComputedRelationshipRow>(computedRelationships, [schemas]),
      representations: await rows<RepresentationRow>(representations),
      mediaAggregates: await rows<MediaHandlerRow>(mediaAggregates, [schemas]),
      roleSettings: scope.roleSettings ? await rows<RoleSettingRow>(roleSettings) : [],
    };
  }, 'begin isolation level repeatable read read only');
}

/** Reads the settings given to the role we connect as: name without `pgrst.` → value. */
export async function loadOwnSettings(database: Database): Promise<ReadonlyMap<string, string>> {
  const { rows } = await database.query<OwnSettingRow>(ownSettings);
  return new Map(rows.map(({ name, value }) => [name.slice('pgrst.'.length), value]));
}

/** Reads the names of time zones. */
export async function loadTimezones(database: Database): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ name: string }>(timezones);
  return new Set(rows.map(({ name }) => name));
}
