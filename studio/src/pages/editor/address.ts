/** Address of a table. */
export const addressOf = (schema: string, name?: string): string =>
  `/editor/${encodeURIComponent(schema)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
