/** A piece of an OpenAPI 2.0 document. */
export type Json = { readonly [key: string]: unknown };

type SwaggerType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | undefined;

const byType: ReadonlyMap<string, SwaggerType> = new Map<string, SwaggerType>([
  ['boolean', 'boolean'],
  ['smallint', 'integer'],
  ['integer', 'integer'],
  ['bigint', 'integer'],
  ['numeric', 'number'],
  ['real', 'number'],
  ['double precision', 'number'],
]);

/** The document's type for a PostgreSQL type; none for json, which may be anything. */
export function swaggerType(type: string): SwaggerType {
  if (type.endsWith('[]')) return 'array';
  if (type === 'json' || type === 'jsonb') return undefined;
  return byType.get(type) ?? 'string';
}

/** The document's format for a PostgreSQL type. */
export function swaggerFormat(type: string): string {
  if (type === 'smallint' || type === 'integer') return 'int32';
  return type === 'bigint' ? 'int64' : type;
}

/** Type, format and, for arrays, the type of the elements. */
export function typeMembers(type: string): Json {
  const named = swaggerType(type);
  const items = named === 'array' ? { items: itemsOf(type.slice(0, -2)) } : {};
  return { format: swaggerFormat(type), ...(named && { type: named }), ...items };
}

function itemsOf(type: string): Json {
  const named = swaggerType(type);
  return named === undefined ? {} : { type: named };
}

/** First line and rest of a comment. */
export function commentParts(comment: string | undefined): { readonly first?: string; readonly rest?: string } {
  if (comment === undefined) return {};
  const newline = comment.indexOf('\n');
  if (newline < 0) return { first: comment };
  const rest = comment.slice(newline).replace(/^\n+/, '');
  return rest === '' ? { first: comment.slice(0, newline) } : { first: comment.slice(0, newline), rest };
}

/** `summary` and `description` of an operation. */
export function summaryOf(comment: string | undefined): Json {
  const { first, rest } = commentParts(comment);
  return { ...(first !== undefined && { summary: first }), ...(rest !== undefined && { description: rest }) };
}
