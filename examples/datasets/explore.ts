import { clientFor, findConnection } from '../lib/connection.ts';

// Questions to the data sets, asked as a browser would: with the public key.
const { url, anonKey } = findConnection();
const supabase = clientFor(url, anonKey);

async function show(question: string, answer: PromiseLike<{ data: unknown; count?: number | null; error: unknown }>) {
  const { data, count, error } = await answer;
  if (error) throw error;
  console.log(`\n${question}`);
  if (typeof count === 'number') console.log(count);
  if (data !== null) console.table(data);
}

await show(
  'Which airports send their flights off latest?',
  supabase.rpc('airport_delays', { min_flights: 100 }).limit(5),
);
await show(
  'What are the busiest routes?',
  supabase
    .from('routes')
    .select('flights, from:airports!routes_origin_fkey(city), to:airports!routes_destination_fkey(city)')
    .order('flights', { ascending: false })
    .limit(5),
);
await show(
  'How many of 200 000 flights were over two hours late?',
  supabase.from('flight_samples').select('*', { count: 'exact', head: true }).gt('delay', 120),
);
await show(
  'How long are flights that leave more than twelve hours late?',
  supabase
    .from('flight_samples')
    .select('delay, distance, distance_bands(label)')
    .gt('delay', 720)
    .order('delay', { ascending: false })
    .limit(5),
);
await show('What earned the most since 2005?', supabase.rpc('gross_by_genre', { since: '2005-01-01' }).limit(5));
await show(
  'Which films of directors named John are rated best?',
  supabase
    .from('movies')
    .select('title, released, imdb_rating, directors!inner(name)')
    .ilike('directors.name', 'john %')
    .order('imdb_rating', { ascending: false, nullsFirst: false })
    .limit(5),
);
await show('Where are most zip codes?', supabase.rpc('zipcodes_by_state').limit(5));
await show(
  'What airports are within 30 miles of San Francisco?',
  supabase
    .rpc('airports_near', { latitude: 37.77, longitude: -122.42, miles: 30 })
    .select('iata, name, city')
    .order('iata'),
);
