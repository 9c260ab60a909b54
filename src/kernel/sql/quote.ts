/**
 * An identifier as SQL text: double quotes doubled, and everything from a NUL on cut, since PostgreSQL would cut it too.
 * The only way identifiers enter SQL in this product.
 */
export function quoteIdentifier(name: string): string {
  if (!name.includes('"') && !name.includes('\0')) return `"${name}"`;
  const nul = name.indexOf('\0');
  const visible = nul < 0 ? name : name.slice(0, nul);
  return `"${visible.replaceAll('"', '""')}"`;
}

/** A text literal, for statements that take no parameters (DDL). Backslashes force the `E''` form. */
export function quoteLiteral(text: string): string {
  const body = text.replaceAll('\0', '').replaceAll("'", "''");
  return body.includes('\\') ? ` E'${body.replaceAll('\\', '\\\\')}'` : `'${body}'`;
}
