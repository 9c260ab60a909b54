/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object that somebody typed; nothing at all is an empty one.
 *
 * @throws Error with a sentence for them
 */
export function readObject(text: string): JsonObject {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error('This has to be an object: { "name": "value" }');
  return value as JsonObject;
}

/** What to send, so that metadata become these: auth adds to what is there, and null takes away. Undefined: nothing changes. */
export function metadataPatch(before: JsonObject | null, after: JsonObject): JsonObject | undefined {
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(after))
    if (JSON.stringify(value) !== JSON.stringify(before?.[name])) patch[name] = value;
  for (const name of Object.keys(before ?? {})) if (!Object.hasOwn(after, name)) patch[name] = null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}
