/** The parts of rest's description (OpenAPI 2.0) that are shown. */
export interface OpenApi {
  readonly definitions?: Readonly<Record<string, Definition>>;
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Definition {
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Property>>;
}

interface Property {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly in?: string;
    readonly name?: string;
    readonly schema?: Definition;
  }[];
}

/** A column, or an argument of a function. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
}

/** A table, view or function as clients see it. */
export interface Endpoint {
  readonly kind: 'table' | 'function';
  readonly name: string;
  readonly about: string;
  readonly fields: readonly Field[];
}

/** Everything clients can ask for, by name; tables first. */
export function endpointsOf({ definitions = {}, paths = {} }: OpenApi): readonly Endpoint[] {
  const tables = Object.entries(definitions).map(
    ([name, definition]): Endpoint => ({
      kind: 'table',
      name,
      about: definition.description ?? '',
      fields: fieldsOf(definition),
    }),
  );
  const functions = Object.entries(paths)
    .filter(([path]) => path.startsWith('/rpc/'))
    .map(([path, { post }]): Endpoint => {
      const body = post?.parameters?.find((parameter) => parameter.in === 'body')?.schema;
      return {
        kind: 'function',
        name: path.slice('/rpc/'.length),
        about: [post?.summary, post?.description].filter(Boolean).join('\n'),
        fields: body ? fieldsOf(body) : [],
      };
    });
  const byName = (a: Endpoint, b: Endpoint): number => (a.name < b.name ? -1 : 1);
  return [...tables.sort(byName), ...functions.sort(byName)];
}

const fieldsOf = ({ properties = {}, required = [] }: Definition): readonly Field[] =>
  Object.entries(properties).map(([name, property]) => ({
    name,
    type: property.enum ? property.enum.join(' | ') : (property.format ?? property.type ?? ''),
    required: required.includes(name),
    about: plain(property.description ?? ''),
  }));

// What rest notes of keys stands in markup of its own.
const plain = (text: string): string =>
  text
    .replace(/Note:\n/g, '')
    .replace(/<pk\/>/g, '')
    .replace(/<fk[^>]*\/>/g, '')
    .trim();

/** Code that asks for something. */
export interface Snippet {
  readonly title: string;
  readonly javascript: string;
  readonly curl: string;
}

const sample = ({ type }: Field): unknown => {
  if (/int|numeric|double|real|number/.test(type)) return 1;
  if (/bool/.test(type)) return true;
  if (/json/.test(type)) return {};
  if (type.includes(' | ')) return type.split(' | ')[0];
  if (/uuid/.test(type)) return '00000000-0000-0000-0000-000000000000';
  if (/timestamp|date/.test(type)) return '2026-01-01';
  return 'text';
};

const text = (value: unknown): string =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, ' ')
    .replace(/"([A-Za-z_$][\w$]*)":/g, '$1:')
    .replace(/"/g, "'");
const quoted = (name: string): string => `'${name.replace(/[\\']/g, '\\$&')}'`;
const shell = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

/** Code for what can be done with an endpoint. @param url of the project @param apiKey the public one */
export function snippetsFor(endpoint: Endpoint, url: string, apiKey: string): readonly Snippet[] {
  const { name, fields, kind } = endpoint;
  const key = fields.find((field) => field.name === 'id') ?? fields[0];
  const written = fields.filter((field) => field.required && field !== key).slice(0, 3);
  const row = Object.fromEntries(
    (written.length > 0 ? written : fields.filter((field) => field !== key).slice(0, 2)).map((field) => [
      field.name,
      sample(field),
    ]),
  );
  const curl = (method: string, path: string, body?: unknown): string =>
    [
      `curl ${method === 'GET' ? '' : `-X ${method} `}${shell(`${url}/rest/v1/${path}`)}`,
      `  -H ${shell(`apikey: ${apiKey}`)}`,
      ...(body === undefined ? [] : [`  -H 'content-type: application/json'`, `  -d ${shell(JSON.stringify(body))}`]),
    ].join(' \\\n');
  if (kind === 'function') {
    const given = Object.fromEntries(fields.map((field) => [field.name, sample(field)]));
    return [
      {
        title: 'Call it',
        javascript: `const { data, error } = await supabase.rpc(${quoted(name)}${fields.length > 0 ? `, ${text(given)}` : ''})`,
        curl: curl('POST', `rpc/${encodeURIComponent(name)}`, given),
      },
    ];
  }
  const path = encodeURIComponent(name);
  const from = `const { data, error } = await supabase.from(${quoted(name)})`;
  const where = key ? `${encodeURIComponent(key.name)}=eq.${encodeURIComponent(String(sample(key)))}` : '';
  const eq = key ? `.eq(${quoted(key.name)}, ${text(sample(key))})` : '';
  return [
    {
      title: 'Read rows',
      javascript: `${from}\n  .select('*')\n  .range(0, 9)`,
      curl: curl('GET', `${path}?select=*&limit=10`),
    },
    {
      title: 'Read some',
      javascript: `${from}\n  .select()\n  ${eq}`,
      curl: curl('GET', `${path}?select=*&${where}`),
    },
    { title: 'Add a row', javascript: `${from}\n  .insert(${text(row)})\n  .select()`, curl: curl('POST', path, row) },
    {
      title: 'Change rows',
      javascript: `${from}\n  .update(${text(row)})\n  ${eq}\n  .select()`,
      curl: curl('PATCH', `${path}?${where}`, row),
    },
    {
      title: 'Delete rows',
      javascript: `const { error } = await supabase.from(${quoted(name)})\n  .delete()\n  ${eq}`,
      curl: curl('DELETE', `${path}?${where}`),
    },
    {
      title: 'Hear of changes',
      javascript: `supabase.channel(${quoted(`changes of ${name}`)})\n  .on('postgres_changes', { event: '*', schema: 'public', table: ${quoted(name)} }, (change) => console.log(change))\n  .subscribe()`,
      curl: '# changes come by WebSocket; use a client library',
    },
  ];
}
