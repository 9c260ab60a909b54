import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Load, Row } from '../lib/bulk-insert.ts';
import { parseCsv } from '../lib/csv.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data');
const readText = (file: string) => readFileSync(join(folder, file), 'utf8');
const readJson = <T>(file: string) => JSON.parse(readText(file)) as T[];

type Movie = Readonly<Record<string, string | number | null>>;

/**
 * The data sets as rows of `schema.sql`, in an order that satisfies the references: zip codes, airports, the network of
 * routes, flights with their airports (20 000), the large sample of flights (200 000), movies.
 */
export function readDatasets(): Load[] {
  const zipcodes = parseCsv(readText('zipcodes.csv'));
  const airports = parseCsv(readText('airports.csv'));
  const movies = readJson<Movie>('movies.json');
  const directors = numbered(movies, 'Director');
  const distributors = numbered(movies, 'Distributor');
  const codes = new Set([...zipcodes, ...airports].map(({ state }) => state as string));
  return [
    load(
      'states',
      [...codes].sort().map((code) => ({ code })),
    ),
    load('zipcodes', zipcodes.map(withPlace)),
    load('airports', airports.map(withPlace)),
    load(
      'routes',
      parseCsv(readText('flights-airport.csv')).map(({ origin, destination, count }) => ({
        origin,
        destination,
        flights: Number(count),
      })),
    ),
    load(
      'flights',
      readJson<Row & { date: string }>('flights-20k.json').map(({ date, ...flight }) => ({
        departed_at: `${date.replaceAll('/', '-')}:00`,
        ...flight,
      })),
    ),
    load(
      'flight_samples',
      readJson<Row>('flights-200k.json').map(({ time, delay, distance }) => ({ delay, distance, hour: time })),
    ),
    load('directors', rowsOf(directors)),
    load('distributors', rowsOf(distributors)),
    load(
      'movies',
      movies.map((movie, at) => movieRow(movie, at + 1, directors, distributors)),
    ),
  ];
}

const load = (table: string, rows: readonly Row[]): Load => ({ table, total: rows.length, rows });

const withPlace = (row: Record<string, string>): Row => ({
  ...row,
  latitude: Number(row.latitude),
  longitude: Number(row.longitude),
});

/** Distinct names of a column, each with a number. */
function numbered(movies: readonly Movie[], column: string): Map<string, number> {
  const names = new Set(movies.map((movie) => movie[column]).filter((name) => name !== null));
  return new Map([...names].map((name, at) => [String(name), at + 1]));
}

const rowsOf = (names: ReadonlyMap<string, number>): Row[] => [...names].map(([name, id]) => ({ id, name }));

function movieRow(
  movie: Movie,
  id: number,
  directors: ReadonlyMap<string, number>,
  distributors: ReadonlyMap<string, number>,
): Row {
  return {
    id,
    // A few titles are numbers in the file, such as 1776 and 2012.
    title: movie.Title === null ? null : String(movie.Title),
    released: dateOf(String(movie['Release Date'])),
    genre: movie['Major Genre'],
    creative_type: movie['Creative Type'],
    source: movie.Source,
    mpaa_rating: movie['MPAA Rating'],
    running_time: movie['Running Time min'],
    production_budget: movie['Production Budget'],
    us_gross: movie['US Gross'],
    worldwide_gross: movie['Worldwide Gross'],
    us_dvd_sales: movie['US DVD Sales'],
    rotten_tomatoes: movie['Rotten Tomatoes Rating'],
    imdb_rating: movie['IMDB Rating'],
    imdb_votes: movie['IMDB Votes'],
    director_id: directors.get(String(movie.Director)) ?? null,
    distributor_id: distributors.get(String(movie.Distributor)) ?? null,
  };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Jun 12 1998` → `1998-06-12`. */
function dateOf(text: string): string {
  const [month = '', day, year] = text.split(' ');
  return `${year}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day}`;
}
