import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadDatasets } from '../../examples/datasets/load.ts';
import { readDatasets } from '../../examples/datasets/read.ts';
import { loadShop } from '../../examples/generate/load.ts';
import { generateShop, shopSize } from '../../examples/generate/rows.ts';
import type { Row } from '../../examples/lib/bulk-insert.ts';
import { createProgressBar } from '../../examples/lib/progress-bar.ts';
import { newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { postgresUrl, runSql } from '../support/sql.ts';

// Real data of some size: loaded through REST as the examples do it, then asked through the official client, and every
// answer compared with what SQL says over a connection of its own, or with the rows that were sent.
const stack = sharedStack();
const connection = {
  url: stack.url,
  anonKey: stack.env.anonKey,
  serviceKey: stack.env.serviceKey,
  databaseUrl: postgresUrl(stack),
};
const anonymous = newClient(stack, stack.env.anonKey);
const service = newClient(stack, stack.env.serviceKey);
const sql = <T = Record<string, unknown>>(text: string, values?: readonly unknown[]) => runSql<T>(stack, text, values);

function good<T>(answer: { data: T; error: unknown }): NonNullable<T> {
  expect(answer.error).toBeNull();
  return answer.data as NonNullable<T>;
}

async function countOf(query: PromiseLike<{ count: number | null; error: unknown }>): Promise<number | null> {
  const { count, error } = await query;
  expect(error).toBeNull();
  return count;
}

const sqlCount = async (from: string) => Number((await sql<{ n: string }>(`select count(*) as n from ${from}`))[0]?.n);

describe('public data sets', () => {
  beforeAll(async () => {
    const { rows } = await loadDatasets(connection, createProgressBar());
    expect(rows).toBeGreaterThan(270_000);
  });

  afterAll(async () => {
    await sql(`drop table reviews, movies, directors, distributors, flights, routes, airports, flight_samples,
      distance_bands, zipcodes, states cascade`);
    await sql('drop function airport_delays, delay_histogram, gross_by_genre, zipcodes_by_state');
    await sql(`delete from auth.users where email like '%@datasets.example'`);
  });

  test('every row arrived, with its value', async () => {
    for (const { table, total } of readDatasets())
      expect(await countOf(anonymous.from(table).select('*', { count: 'exact', head: true })), table).toBe(total);
    const samples = [...(readDatasets().find(({ table }) => table === 'flight_samples')?.rows ?? [])];
    const sum = (key: string) => samples.reduce((total, row) => total + Number(row[key]), 0);
    const [sums] = await sql('select sum(delay)::int as delay, sum(distance)::int as distance from flight_samples');
    expect(sums).toEqual({ delay: sum('delay'), distance: sum('distance') });
  });

  test('filters and counts agree with SQL', async () => {
    const samples = () => anonymous.from('flight_samples').select('*', { count: 'exact', head: true });
    const movies = () => anonymous.from('movies').select('*', { count: 'exact', head: true });
    const zipcodes = () => anonymous.from('zipcodes').select('*', { count: 'exact', head: true });
    const cases: [PromiseLike<{ count: number | null; error: unknown }>, string][] = [
      [samples().gt('delay', 120), 'flight_samples where delay > 120'],
      [
        samples().lt('delay', 0).gte('hour', 6).lt('hour', 9),
        'flight_samples where delay < 0 and hour >= 6 and hour < 9',
      ],
      [samples().or('band.eq.3,delay.gt.600'), 'flight_samples where band = 3 or delay > 600'],
      [samples().not('band', 'in', '(0,1)'), 'flight_samples where band not in (0, 1)'],
      [movies().is('director_id', null), 'movies where director_id is null'],
      [movies().ilike('title', '%love%'), `movies where title ilike '%love%'`],
      [
        movies().gte('released', '1990-01-01').lt('released', '2000-01-01'),
        `movies where released >= '1990-01-01' and released < '2000-01-01'`,
      ],
      [
        movies().in('genre', ['Thriller/Suspense', 'Black Comedy']),
        `movies where genre in ('Thriller/Suspense', 'Black Comedy')`,
      ],
      [movies().neq('mpaa_rating', 'R'), `movies where mpaa_rating <> 'R'`],
      [
        movies().textSearch('title', 'star & wars', { config: 'english' }),
        `movies where to_tsvector('english', title) @@ to_tsquery('english', 'star & wars')`,
      ],
      [zipcodes().like('zip_code', '941%'), `zipcodes where zip_code like '941%'`],
      [zipcodes().eq('city', "Lincoln's New Salem"), `zipcodes where city = 'Lincoln''s New Salem'`],
    ];
    for (const [query, text] of cases) {
      const expected = await sqlCount(text);
      expect(expected, text).toBeGreaterThan(0);
      expect(await countOf(query), text).toBe(expected);
    }
  });

  test('order, pages and the cap on rows', async () => {
    const all = good(await anonymous.from('zipcodes').select('zip_code').order('zip_code'));
    expect(all).toHaveLength(1_000);
    const page = await anonymous
      .from('zipcodes')
      .select('zip_code', { count: 'exact' })
      .order('zip_code')
      .range(1_000, 1_004);
    expect(page.count).toBe(await sqlCount('zipcodes'));
    expect(good(page)).toEqual(await sql('select zip_code from zipcodes order by zip_code offset 1000 limit 5'));
    const late = await anonymous
      .from('flight_samples')
      .select('id, delay')
      .order('delay', { ascending: false })
      .order('id')
      .limit(7);
    expect(good(late).map(({ id, delay }) => ({ id: String(id), delay }))).toEqual(
      await sql('select id, delay from flight_samples order by delay desc, id limit 7'),
    );
  });

  test('relations: two to one table, through a generated column, inner, and counted', async () => {
    const routes = await anonymous
      .from('routes')
      .select('flights, from:airports!routes_origin_fkey(iata, city), to:airports!routes_destination_fkey(city)')
      .order('flights', { ascending: false })
      .order('origin')
      .limit(5);
    expect(good(routes)).toEqual(
      await sql(`select flights, json_build_object('iata', o.iata, 'city', o.city) as "from",
          json_build_object('city', d.city) as "to"
        from routes join airports o on o.iata = origin join airports d on d.iata = destination
        order by flights desc, origin limit 5`),
    );
    const ambiguous = await anonymous.from('routes').select('flights, airports(city)').limit(1);
    expect(ambiguous).toMatchObject({ status: 300, error: { code: 'PGRST201' } });
    const banded = await anonymous
      .from('flight_samples')
      .select('delay, distance_bands(label)')
      .gt('delay', 900)
      .order('id')
      .limit(3);
    expect(good(banded)).toEqual(
      await sql(`select delay, json_build_object('label', label) as distance_bands
        from flight_samples f join distance_bands b on b.id = band where delay > 900 order by f.id limit 3`),
    );
    const nolan = anonymous
      .from('movies')
      .select('title, directors!inner(name)', { count: 'exact' })
      .eq('directors.name', 'Christopher Nolan');
    const films = await nolan.order('released');
    expect(films.count).toBe(
      await sqlCount(`movies join directors d on d.id = director_id where d.name = 'Christopher Nolan'`),
    );
    expect(good(films)[0]).toEqual({ title: 'Following', directors: { name: 'Christopher Nolan' } });
    const directors = await anonymous
      .from('directors')
      .select('name, movies(title, released)')
      .eq('name', 'Stanley Kubrick')
      .order('released', { referencedTable: 'movies' })
      .single();
    expect(good(directors).movies).toEqual(
      await sql(
        `select title, released::text from movies where director_id = (select id from directors where name = 'Stanley Kubrick') order by released`,
      ),
    );
  });

  test('aggregate functions agree with the same question asked in SQL', async () => {
    expect(good(await anonymous.rpc('airport_delays', { min_flights: 200 }))).toEqual(
      await sql(`select origin as iata, count(*)::int as flights, round(avg(delay), 2)::float as mean_delay,
          round(avg((delay > 15)::int), 4)::float as late_share
        from flights group by 1 having count(*) >= 200 order by 3 desc, 1`),
    );
    const histogram = good(await anonymous.rpc('delay_histogram', { width: 60 }).gte('delay_from', 0));
    expect(histogram).toEqual(
      await sql(`select (floor(delay / 60.0) * 60)::int as delay_from, count(*)::int as flights
        from flight_samples where delay >= 0 group by 1 order by 1`),
    );
    expect(good(await anonymous.rpc('gross_by_genre', { since: '2000-01-01' }, { get: true }).limit(3))).toEqual(
      await sql(`select coalesce(genre, 'unknown') as genre, count(*)::int as movies, sum(worldwide_gross)::float as worldwide,
          max(imdb_rating)::float as best_rating from movies where released >= '2000-01-01'
        group by 1 order by 3 desc nulls last limit 3`),
    );
    const states = good(await anonymous.rpc('zipcodes_by_state'));
    expect(states.reduce((total: number, row: { zipcodes: number }) => total + row.zipcodes, 0)).toBe(
      await sqlCount('zipcodes'),
    );
    const near = await anonymous
      .rpc('airports_near', { latitude: 37.77, longitude: -122.42, miles: 30 })
      .select('iata, states(code)')
      .order('iata');
    expect(good(near)).toContainEqual({ iata: 'SFO', states: { code: 'CA' } });
  });

  test('everybody reads the catalogue, nobody but the service writes it, and reviews belong to who wrote them', async () => {
    const refused = { error: { code: '42501' } };
    expect(await anonymous.from('movies').insert({ id: 99_999, title: 'x', released: '2026-01-01' })).toMatchObject(
      refused,
    );
    const critic = await signedUpClient(stack, 'critic@datasets.example');
    const troll = await signedUpClient(stack, 'troll@datasets.example');
    good(await critic.client.from('reviews').insert({ movie_id: 1, stars: 5, text: 'fine' }).select());
    expect(await critic.client.from('movies').delete().eq('id', 1).select()).toMatchObject({ data: [] });
    expect(await troll.client.from('reviews').insert({ movie_id: 2, stars: 1, author: critic.id })).toMatchObject(
      refused,
    );
    expect(good(await troll.client.from('reviews').update({ stars: 1 }).eq('movie_id', 1).select())).toEqual([]);
    const seen = await anonymous.from('movies').select('title, reviews(stars, text)').eq('id', 1).single();
    expect(good(seen)).toEqual({ title: 'The Land Girls', reviews: [{ stars: 5, text: 'fine' }] });
  });
});

describe('a generated shop', () => {
  const rows = 20_000;
  const size = shopSize(rows);
  const generated = new Map<string, Row[]>();

  beforeAll(async () => {
    for (const { table, rows: made } of generateShop(size)) generated.set(table, [...made]);
    const figures = await loadShop(connection, rows, createProgressBar());
    expect(figures.rows).toBe(rows);
  });

  afterAll(async () => {
    await sql('drop table shop_reviews, shop_order_items, shop_orders, shop_products, shop_customers cascade');
    await sql('drop function shop_revenue_by_month, shop_best_sellers');
  });

  const made = (table: string) => generated.get(table) ?? [];

  test('is the same every time, skewed, and of the size asked for', () => {
    for (const { table, total, rows: again } of generateShop(size)) {
      expect(made(table)).toHaveLength(total);
      expect([...again].slice(0, 50)).toEqual(made(table).slice(0, 50));
    }
    const sales = new Map<unknown, number>();
    for (const { product_id } of made('shop_order_items')) sales.set(product_id, (sales.get(product_id) ?? 0) + 1);
    const counts = [...sales.values()].sort((a, b) => b - a);
    const top = counts.slice(0, size.products / 10).reduce((a, b) => a + b, 0);
    expect(top / size.items).toBeGreaterThan(0.4);
    expect([...generateShop(size, 'other seed')].flatMap((load) => [...load.rows].slice(0, 1))).not.toEqual(
      [...generated.values()].map(([first]) => first),
    );
  });

  test('what was sent is what is there: text, JSON, arrays, times, nulls', async () => {
    for (const [table, key] of [
      ['shop_customers', 'id'],
      ['shop_products', 'id'],
      ['shop_orders', 'id'],
      ['shop_reviews', 'id'],
    ] as const) {
      const sent = made(table).filter((_row, at) => at % 97 === 0);
      const ids = sent.map((row) => row[key] as number);
      const columns = Object.keys(sent[0] ?? {}).join(', ');
      const back = good(await service.from(table).select(columns).in(key, ids).order(key)) as unknown as Row[];
      expect(back.map(comparable), table).toEqual(sent.map(comparable));
    }
  });

  test('questions to arrays, JSON and text agree with the rows that were made', async () => {
    const customers = () => service.from('shop_customers').select('*', { count: 'exact', head: true });
    const count = (table: string, test: (row: Row) => boolean) => made(table).filter(test).length;
    expect(await countOf(customers().contains('interests', ['music', 'travel']))).toBe(
      count('shop_customers', ({ interests }) =>
        ['music', 'travel'].every((item) => (interests as string[]).includes(item)),
      ),
    );
    expect(await countOf(customers().eq('preferences->>theme', 'dark'))).toBe(
      count('shop_customers', ({ preferences }) => (preferences as Row).theme === 'dark'),
    );
    expect(await countOf(customers().gte('preferences->sizes->shoe', '45'))).toBe(
      count('shop_customers', ({ preferences }) => Number(((preferences as Row).sizes as Row | undefined)?.shoe) >= 45),
    );
    expect(await countOf(customers().contains('preferences', { newsletter: true }).eq('country', 'US'))).toBe(
      count(
        'shop_customers',
        ({ preferences, country }) => (preferences as Row).newsletter === true && country === 'US',
      ),
    );
    const orders = service.from('shop_orders').select('*', { count: 'exact', head: true });
    expect(await countOf(orders.is('note', null).in('status', ['paid', 'placed']))).toBe(
      count('shop_orders', ({ note, status }) => note === null && ['paid', 'placed'].includes(status as string)),
    );
    const common = /\w+ (\w+)/.exec(String(made('shop_products')[0]?.description))?.[1] ?? '';
    expect(
      await countOf(
        service
          .from('shop_products')
          .select('*', { count: 'exact', head: true })
          .textSearch('search', common, { config: 'simple' }),
      ),
    ).toBe(await sqlCount(`shop_products where search @@ to_tsquery('simple', '${common}')`));
  });

  test('nested questions and aggregates agree with SQL', async () => {
    const busiest = await service.from('shop_customers').select('id, shop_orders(count)').eq('id', 1).single();
    expect(busiest.error?.code ?? 'PGRST123').toBe('PGRST123');
    const orders = good(
      await service
        .from('shop_orders')
        .select('id, shop_order_items(line, quantity, unit_price)')
        .eq('customer_id', 1)
        .order('id')
        .limit(20),
    );
    expect(orders).toEqual(
      (
        await sql<{
          id: number;
          items: unknown;
        }>(`select o.id, coalesce(json_agg(json_build_object('line', line, 'quantity', quantity, 'unit_price', unit_price) order by line) filter (where line is not null), '[]') as items
        from shop_orders o left join shop_order_items i on i.order_id = o.id where customer_id = 1 group by o.id order by o.id limit 20`)
      ).map(({ id, items }) => ({ id, shop_order_items: items })),
    );
    const months = good(await service.rpc('shop_revenue_by_month')) as {
      month: string;
      orders: number;
      revenue: number;
    }[];
    expect(months).toHaveLength(36);
    const dropped = new Set(
      made('shop_orders')
        .filter(({ status }) => ['returned', 'cancelled'].includes(status as string))
        .map(({ id }) => id),
    );
    const cents = made('shop_order_items')
      .filter(({ order_id }) => !dropped.has(order_id))
      .reduce((sum, { quantity, unit_price }) => sum + (quantity as number) * Math.round(Number(unit_price) * 100), 0);
    expect(Math.round(months.reduce((sum, { revenue }) => sum + revenue, 0) * 100)).toBe(cents);
    const best = good(await service.rpc('shop_best_sellers', { top: 3 })) as { product_id: number; sold: number }[];
    expect(best.map(({ product_id, sold }) => [product_id, sold])).toEqual(
      (
        await sql<{ p: number; s: number }>(
          'select product_id as p, sum(quantity)::int as s from shop_order_items group by 1 order by 2 desc, 1 limit 3',
        )
      ).map(({ p, s }) => [p, s]),
    );
  });

  test('a stranger sees the shop window and nothing behind it', async () => {
    const offered = made('shop_products').filter(({ discontinued }) => !discontinued).length;
    expect(await countOf(anonymous.from('shop_products').select('*', { count: 'exact', head: true }))).toBe(offered);
    for (const table of ['shop_customers', 'shop_orders', 'shop_order_items'])
      expect(good(await anonymous.from(table).select()), table).toEqual([]);
  });
});

/** Times and prices are sent as text that comes back in another spelling. */
function comparable(row: Row): Row {
  const entries = Object.entries(row).map(([name, value]) => {
    if (/_at$/.test(name) && typeof value === 'string') return [name, Date.parse(value)];
    return name === 'price' ? [name, Number(value)] : [name, value];
  });
  return Object.fromEntries(entries) as Row;
}
