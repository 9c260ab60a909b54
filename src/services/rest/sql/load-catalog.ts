import type { Database } from '#kernel/sql';
import type {
  Catalog,
  ComputedRelationshipRow,
  KeyRow,
  MediaHandlerRow,
  OwnSettingRow,
  RelationColumnsRow,
  RelationRow,
  RepresentationRow,
  RoleSettingRow,
  RoutineRow,
  ViewRow,
} from './catalog-rows.ts';
import { columns, existingSchemas, keys, relations, views } from './relations.ts';
import { computedRelationships, mediaAggregates, representations, routines } from './routines.ts';
import { currentOwnSettings, forgetOwnSettings, ownSettings, roleSettings, timezones } from './session-facts.ts';

/** What to read. */
export interface CatalogScope {
  readonly schemas: readonly string[];
  /** Schemas whose views are followed besides. */
  readonly extraSearchPath: readonly string[];
}

/**
 * Reads the catalogue in one read-only snapshot. The search path is empty meanwhile, so that names of types come out
 * qualified.
 */
export function loadCatalog(database: Database, scope: CatalogScope): Promise<Omit<Catalog, 'roleSettings'>> {
  return database.transaction(async (transaction) => {
    await transaction.query(`select set_config('search_path', '', true), set_config('statement_timeout', '0', true)`);
    const rows = async <Row>(text: string, values?: readonly unknown[]) =>
      (await transaction.query<Row>(text, values)).rows;
    const found = new Set((await rows<{ name: string }>(existingSchemas, [scope.schemas])).map(({ name }) => name));
    const schemas = scope.schemas.filter((name) => found.has(name));
    return {
      schemas,
      relations: await rows<RelationRow>(relations, [schemas]),
      columns: await rows<RelationColumnsRow>(columns, [schemas]),
      keys: await rows<KeyRow>(keys),
      views: await rows<ViewRow>(views, [[...schemas, ...scope.extraSearchPath]]),
      routines: await rows<RoutineRow>(routines, [schemas]),
      computedRelationships: await rows<ComputedRelationshipRow>(computedRelationships, [schemas]),
      representations: await rows<RepresentationRow>(representations),
      mediaAggregates: await rows<MediaHandlerRow>(mediaAggregates, [schemas]),
    };
  }, 'begin isolation level repeatable read read only');
}

/** Settings that stand in the database. */
export interface StoredSettings {
  /** Of the role we connect as: name without `pgrst.` → value. */
  readonly own: ReadonlyMap<string, string>;
  /** Of the roles that requests may take on. */
  readonly ofRoles: readonly RoleSettingRow[];
}

/** Where else settings of ours may come from. */
export interface PreConfig {
  /** The function's name as SQL. */
  readonly functionSql: string;
  /** Settings it may set, without `pgrst.` */
  readonly names: readonly string[];
}

/** Reads the settings that stand in the database; those that a function sets are stronger than those of the role. */
export function loadStoredSettings(database: Database, preConfig: PreConfig | undefined): Promise<StoredSettings> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<OwnSettingRow>(ownSettings);
    const { rows: ofRoles } = await transaction.query<RoleSettingRow>(roleSettings);
    if (preConfig !== undefined) {
      await transaction.query(forgetOwnSettings, [preConfig.names]);
      await transaction.query(`select ${preConfig.functionSql}()`);
      rows.push(...(await transaction.query<OwnSettingRow>(currentOwnSettings, [preConfig.names])).rows);
    }
    return { own: new Map(rows.map(({ name, value }) => [name.slice('pgrst.'.length), value])), ofRoles };
  });
}

/** Reads the names of time zones. */
export async function loadTimezones(database: Database): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ name: string }>(timezones);
  return new Set(rows.map(({ name }) => name));
}
