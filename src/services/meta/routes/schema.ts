/** Types of the fields of bodies, in JSON Schema. */
export const text = { type: 'string' } as const;
/** Yes or no. */
export const flag = { type: 'boolean' } as const;
/** A whole number. */
export const integer = { type: 'integer' } as const;
/** An id; clients send it as text too. */
export const oid = { anyOf: [integer, { type: 'string', pattern: '^\\d+$' }] } as const;
/** A list of texts. */
export const texts = { type: 'array', items: text } as const;
/** What may be null, too. */
export const nullable = (schema: { readonly type: string }) => ({ ...schema, nullable: true });
/** One of these words. */
export const oneOf = (...values: readonly string[]) => ({ type: 'string', enum: values });
/** Names and values of settings. */
export const map = { type: 'object' } as const;

/** The schema of a body: its fields, and which of them must be there. */
export const bodyOf = (properties: Readonly<Record<string, object>>, required: readonly string[] = []): object => ({
  type: 'object',
  properties,
  required,
});
