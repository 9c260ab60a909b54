import fc from 'fast-check';

/** A request that makes no sense, or only just. */
export interface HostileRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const anyOf = (words: string): fc.Arbitrary<string> => fc.constantFrom(...words.split(' '));
const junk = fc.string({
  unit: fc.constantFrom(...Array.from('abio1.,:;()!*"\'\\->{}[]_ &=%+$#/?|~^<@é\u0000😀')),
  maxLength: 20,
});
/** Mostly what makes sense, so that much gets as far as the database; now and then what does not. */
const mostly = (sense: fc.Arbitrary<string>, nonsense = junk): fc.Arbitrary<string> =>
  fc.oneof({ weight: 15, arbitrary: sense }, { weight: 1, arbitrary: nonsense });

const tables = anyOf('clients clients projects projects tasks items kinds users measures projects_view paints no_key');
const routines = anyOf('add_them greet get_projects table_result whole_json sum_all page out_result nothing_back');
const columns = anyOf('id id id name client_id data data->a data->>b tags->0 amount label_color "do.t" clients tasks');
const operators = anyOf(
  'eq neq gt lte like ilike(any) match in is isdistinct fts wfts(english) cs ov adj not.eq not.is eq(all)',
);
const values = mostly(
  fc.constantFrom('1', 'null', '{1,2}', '(1,2)', '[1,5)', '{"a":1}', 'x', '', '9'.repeat(30), "'", '\\', '"', 'a*'),
);
const condition = fc
  .tuple(columns, operators, values)
  .map(([of, operator, value]) => ({ of, is: `${operator}.${value}` }));

const embeds = anyOf(
  'clients projects tasks users ...clients ...tasks ...projects projects!inner x:tasks latest_task boss_id',
);
const { list } = fc.letrec<{ list: string; item: string }>((tie) => ({
  list: fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => items.join(',')),
  item: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'select' },
    mostly(anyOf('* id id name::text a:id id.sum() count() data->b->>c id::nope id.max()::text full_name')),
    fc.tuple(embeds, tie('list')).map(([name, inner]) => `${name}(${inner})`),
  ),
}));
const tree = fc
  .array(condition, { minLength: 1, maxLength: 3 })
  .map((parts) => `(${parts.map(({ of, is }) => `${of}.${is}`).join(',')})`);

const pair = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) => fc.tuple(name, value);
const parameter = fc.oneof(
  condition.map(({ of, is }) => [of, is] as [string, string]),
  pair(fc.constant('select'), list),
  pair(anyOf('or and not.or tasks.or projects.not.and'), mostly(tree)),
  pair(anyOf('order order projects.order tasks.order'), mostly(anyOf('id id.desc clients(name) name.asc.nullsfirst'))),
  pair(
    anyOf('limit offset limit tasks.limit projects.offset'),
    mostly(fc.constantFrom('0', '1', '-1', '9'.repeat(25))),
  ),
  pair(anyOf('columns on_conflict'), mostly(anyOf('id id,name "a,b" name'))),
  pair(anyOf('a n name v above'), values),
  pair(mostly(columns), mostly(values)),
);

const encode = (text: string): string => encodeURIComponent(text).replaceAll('%2F', '/');
const target = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: tables },
      { weight: 8, arbitrary: routines.map((name) => `rpc/${name}`) },
      { weight: 1, arbitrary: fc.oneof(junk, anyOf('rpc/ clients/ .. a/b')) },
    ),
    fc.array(parameter, { maxLength: 4 }),
  )
  .map(
    ([path, pairs]) => `/${encode(path)}?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`,
  );

const preferences = fc
  .array(
    anyOf(
      'return=representation return=representation return=headers-only count=exact count=planned count=estimated ' +
        'resolution=merge-duplicates resolution=ignore-duplicates missing=default max-affected=1 tx=rollback timezone=UTC x=y ,',
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((items) => items.join(', '));
const types =
  'application/json application/json application/json text/csv application/x-www-form-urlencoded text/plain';
const accepted = fc.constantFrom(
  ...['*/*', 'text/csv', 'application/json', 'application/vnd.pgrst.object+json', 'text/html', 'a/b;q=x,,*/*'],
  ...['application/vnd.pgrst.array+json;nulls=stripped', 'application/vnd.pgrst.plan+json; options=verbose|x;'],
);
const headers = fc
  .record({
    prefer: fc.option(preferences, { freq: 2 }),
    accept: fc.option(accepted, { freq: 1 }),
    'content-type': fc.option(mostly(anyOf(types), fc.constantFrom(';', 'x', 'text/xml')), { freq: 1 }),
    range: fc.option(fc.constantFrom('0-1', '5-2', '0-', '99999999999999999999999-', 'items=0-1', '-'), { freq: 1 }),
    cookie: fc.option(fc.constantFrom('a=b', ';;=', 'x'), { freq: 1 }),
    'accept-profile': seldom(fc.constantFrom('test', 'other', 'hidden', '')),
    'content-profile': seldom(fc.constantFrom('test', 'other', 'hidden', '')),
    authorization: seldom(fc.constantFrom('Bearer', 'Bearer x', 'Bearer a.b.c', 'Basic x')),
  })
  .map(
    (all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) as Record<string, string>,
  );

function seldom(value: fc.Arbitrary<string>): fc.Arbitrary<string | null> {
  return fc.oneof({ weight: 1, arbitrary: value }, { weight: 30, arbitrary: fc.constant(null) });
}

const body = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('{}', '[]', '[{}]', '{"id":1}', '{"id":91,"name":"x"}', '{"a":1}', '{"name":"y"}'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('[{"id":97,"name":"a"},{"id":98,"name":"b"}]', '{"n":2}', '{"data":{"a":[1]}}'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '[{"id":1},2]', '5', '"x"', 'null', '{"name":"\\u0000"}', '{"id":1e400}'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('id,name\n1,x', 'id,name\n"1', 'id=1&name=x', '{"id":"\\ud800"}', '[['.repeat(200)),
  },
  { weight: 1, arbitrary: fc.oneof(fc.json(), junk) },
);

/** Requests to the fixture schema. */
export const hostileRequests: fc.Arbitrary<HostileRequest> = fc.record({
  method: anyOf('GET GET GET GET HEAD POST POST PATCH PATCH PUT DELETE OPTIONS PURGE'),
  target,
  headers,
  body,
});
