import type { BySchema, SchemaCache, Table } from './model.ts';

/** A schema cache as JSON text, in small pieces: whole it may be tens of megabytes. */
export function* dumpCache(cache: SchemaCache): Generator<string> {
  yield* list('{"dbTables":', map(members(cache.tables), tableJson));
  yield* list(',"dbRelationships":', map(flat(members(cache.relationships)), JSON.stringify));
  yield* list(',"dbRoutines":', map(flat(members(cache.routines)), JSON.stringify));
  yield* list(',"dbMediaHandlers":', map(cache.mediaHandlers, JSON.stringify));
  yield* list(',"dbTimezones":', map(cache.timezones, JSON.stringify));
  yield '}';
}

function* list(before: string, items: Iterable<string>): Generator<string> {
  let separator = `${before}[`;
  for (const item of items) {
    yield separator + item;
    separator = ',';
  }
  yield separator === ',' ? ']' : `${separator}]`;
}

function* map<T>(items: Iterable<T>, text: (item: T) => string): Generator<string> {
  for (const item of items) yield text(item);
}

function* members<T>(bySchema: BySchema<T>): Generator<T> {
  for (const byName of bySchema.values()) yield* byName.values();
}

function* flat<T>(lists: Iterable<readonly T[]>): Generator<T> {
  for (const items of lists) yield* items;
}

const tableJson = (table: Table): string => JSON.stringify({ ...table, columns: [...table.columns.values()] });
