/** SQL laid out to be read. The formatter is loaded at the first use. @throws Error with the place it does not understand */
export async function formatSql(text: string): Promise<string> {
  const { format } = await import('sql-formatter');
  return `${format(text, { language: 'postgresql' })}\n`;
}

/** The syntax tree of PostgreSQL's own parser, as protobuf's JSON. @throws Error with the server's words */
export async function parseSql(text: string): Promise<unknown> {
  const { parse } = await import('pgsql-parser');
  return parse(text);
}

/** SQL of such a tree. @throws Error for what is none */
export async function deparseSql(tree: unknown): Promise<string> {
  const { deparse } = await import('pgsql-parser');
  return deparse(tree as never);
}
