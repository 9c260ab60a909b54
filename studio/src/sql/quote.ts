/** A name in SQL. Every name that comes from anywhere goes through here. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A schema and a name in it. */
export const quoteQualified = (schema: string, name: string): string => `${quoteName(schema)}.${quoteName(name)}`;

/** A text in SQL, whatever `standard_conforming_strings` says. Every value that is put into SQL goes through here. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
