/** A query of the system catalogue whose rows are the objects a route shows. */
export interface Catalog {
  /** What one row is, with its article, as messages name it. */
  readonly thing: string;
  /** `select` with one output column for each key of the object. */
  readonly rows: string;
  /** Output column that filters on schemas look at; undefined where there are no schemas. */
  readonly schema?: string;
  /** `order by` of the lists: they have to be stable for limits and offsets to mean anything. */
  readonly order: string;
}

/** Schemas that nobody asks for unless they say so. */
export const systemSchemas: readonly string[] = ['information_schema', 'pg_catalog', 'pg_toast'];
