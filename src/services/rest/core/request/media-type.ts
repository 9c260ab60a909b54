/** A media type; type and subtype in lower case, parameters as they were written. */
export interface MediaType {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const plain = (name: string): MediaType => ({ name, parameters: [] });

/** Media types the server knows by itself. */
export const mediaTypes = {
  any: plain('*/*'),
  json: plain('application/json'),
  csv: plain('text/csv'),
  geojson: plain('application/geo+json'),
  openapi: plain('application/openapi+json'),
} as const;

/** Reads one media type. Never throws: what makes no sense is a type nobody has. */
export function parseMediaType(text: string): MediaType {
  const semicolon = text.indexOf(';');
  if (semicolon < 0) return plain(text.trim().toLowerCase());
  const parameters: (readonly [string, string])[] = [];
  for (const part of splitParameters(text.slice(semicolon + 1))) {
    const equals = part.indexOf('=');
    if (equals > 0)
      parameters.push([part.slice(0, equals).trim().toLowerCase(), unquote(part.slice(equals + 1).trim())]);
  }
  return { name: text.slice(0, semicolon).trim().toLowerCase(), parameters };
}

// A semicolon inside quotes belongs to the value: `for="text/xml; charset=x"`.
function splitParameters(text: string): string[] {
  return text.match(/(?:"[^"]*"|[^;"])+/g) ?? [];
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

const parameterOf = (type: MediaType, name: string): string | undefined =>
  type.parameters.find(([known]) => known === name)?.[1];

/** How a plan is asked for: in which format, with what in it, of the statement for which media type. */
export interface PlanRequest {
  readonly format: 'text' | 'json';
  readonly options: readonly string[];
  readonly target: MediaType;
}

const planOptions = ['analyze', 'verbose', 'settings', 'buffers', 'wal'];

/** What a media type asks of EXPLAIN; undefined for one that asks for rows. */
export function planRequestOf(type: MediaType): PlanRequest | undefined {
  const format = planFormat(type.name);
  if (format === undefined) return undefined;
  const named = (parameterOf(type, 'options') ?? '').split('|');
  const target = parseMediaType(parameterOf(type, 'for') ?? mediaTypes.json.name);
  return { format, options: planOptions.filter((option) => named.includes(option)), target };
}

function planFormat(name: string): PlanRequest['format'] | undefined {
  switch (name) {
    case 'application/vnd.pgrst.plan':
    case 'application/vnd.pgrst.plan+text':
      return 'text';
    case 'application/vnd.pgrst.plan+json':
      return 'json';
    default:
      return undefined;
  }
}

/** Whether members without a value are to be left out. */
export const stripsNulls = (type: MediaType): boolean => parameterOf(type, 'nulls') === 'stripped';

/** A media type as an error message or header shows it: those of the server's own in their full form. */
export function printMediaType(type: MediaType): string {
  const { name, parameters } = type;
  const stripped = stripsNulls(type) ? ';nulls=stripped' : '';
  switch (name) {
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return `application/vnd.pgrst.object+json${stripped}`;
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripped === '' ? mediaTypes.json.name : `application/vnd.pgrst.array+json${stripped}`;
  }
  const plan = planRequestOf(type);
  if (plan !== undefined) {
    const options = plan.options.length === 0 ? '' : `; options=${plan.options.join('|')}`;
    return `application/vnd.pgrst.plan+${plan.format}; for="${printMediaType(plan.target)}"${options}`;
  }
  if (parameters.length === 0 || isKnownType(name)) return name;
  return `${name};${parameters.map(([key, value]) => `${key}=${value}`).join(';')}`;
}

const knownTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/geo+json',
  'text/csv',
  'text/plain',
  'text/xml',
  'application/openapi+json',
  'application/x-www-form-urlencoded',
]);

/** Whether the server knows a type's encoding; of others it knows nothing. */
export const isKnownType = (name: string): boolean => knownTypes.has(name);

const anything: readonly MediaType[] = [mediaTypes.any];
const onlyJson: readonly MediaType[] = [mediaTypes.json];

/**
 * The wanted types, best first: by quality, then by how much they say (parameters count, wildcards count against),
 * then as they were written (PostgREST 14 docs, "Resource Representation").
 */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined || header === '*/*') return anything;
  if (header === 'application/json') return onlyJson;
  const wanted = header.split(',').map((part, index) => {
    const [text, quality] = cutQuality(part.replaceAll(' ', ''));
    return { type: parseMediaType(text), quality, weight: weightOf(text), index };
  });
  wanted.sort((a, b) => b.quality - a.quality || b.weight - a.weight || a.index - b.index);
  return wanted.map(({ type }) => type);
}

function cutQuality(text: string): [rest: string, quality: number] {
  const at = text.indexOf(';q=');
  if (at < 0) return [text, 1];
  const quality = Number.parseFloat(text.slice(at + 3));
  return [text.slice(0, at), Number.isNaN(quality) ? 1 : quality];
}

function weightOf(text: string): number {
  let weight = 0;
  for (const char of text) weight += char === ';' ? 1 : char === '*' ? -1 : 0;
  return weight;
}
