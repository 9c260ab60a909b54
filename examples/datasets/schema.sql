-- Tables, relations, policies and aggregate functions for four data sets of the npm package vega-datasets.
-- Run as role postgres; it may be run again and starts over.
drop table if exists reviews, movies, directors, distributors, flights, routes, airports, flight_samples, distance_bands,
  zipcodes, states cascade;

create table states (
  code text primary key check (code ~ '^[A-Z]{2}$')
);

create table zipcodes (
  zip_code char(5) primary key,
  city text not null,
  county text not null,
  state text not null references states,
  latitude double precision not null,
  longitude double precision not null
);
create index on zipcodes (state, county);

create table airports (
  iata text primary key,
  name text not null,
  city text not null,
  state text not null references states,
  country text not null,
  latitude double precision not null,
  longitude double precision not null
);

-- Two references to one table: requests name the one they mean, e.g. airports!routes_origin_fkey.
create table routes (
  origin text not null references airports,
  destination text not null references airports,
  flights int not null check (flights > 0),
  primary key (origin, destination)
);
create index on routes (destination);

create table flights (
  id bigint generated always as identity primary key,
  departed_at timestamp not null,
  delay int not null,
  distance int not null,
  origin text not null references airports,
  destination text not null references airports
);
create index on flights (origin);
create index on flights (destination);

create table distance_bands (
  id int primary key,
  label text not null,
  miles int4range not null
);
insert into distance_bands values
  (0, 'short', '[0,500)'), (1, 'medium', '[500,1000)'), (2, 'long', '[1000,2000)'), (3, 'very long', '[2000,)');

-- The big sample has neither date nor airports; its distance puts it into a band.
create table flight_samples (
  id bigint generated always as identity primary key,
  delay int not null,
  distance int not null,
  hour double precision not null check (hour >= 0 and hour < 24),
  band int generated always as (
    case when distance < 500 then 0 when distance < 1000 then 1 when distance < 2000 then 2 else 3 end
  ) stored references distance_bands
);
create index on flight_samples (band, delay);

create table directors (
  id int primary key,
  name text not null unique
);

create table distributors (
  id int primary key,
  name text not null unique
);

create table movies (
  id int primary key,
  title text,
  released date not null,
  genre text,
  creative_type text,
  source text,
  mpaa_rating text,
  running_time int,
  production_budget bigint,
  us_gross bigint,
  worldwide_gross bigint,
  us_dvd_sales bigint,
  rotten_tomatoes int check (rotten_tomatoes between 0 and 100),
  imdb_rating numeric(3, 1),
  imdb_votes int,
  director_id int references directors,
  distributor_id int references distributors
);
create index on movies (genre);
create index on movies (director_id);

create table reviews (
  movie_id int not null references movies on delete cascade,
  author uuid not null default auth.uid() references auth.users on delete cascade,
  stars int not null check (stars between 1 and 5),
  text text,
  written_at timestamptz not null default now(),
  primary key (movie_id, author)
);

-- The catalogue is for everybody to read and for the service alone to write; reviews belong to who wrote them.
do $$
declare name text;
begin
  foreach name in array array['states', 'zipcodes', 'airports', 'routes', 'flights', 'distance_bands', 'flight_samples',
    'directors', 'distributors', 'movies', 'reviews'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy readable on %I for select to anon, authenticated using (true)', name);
  end loop;
end $$;
create policy own_insert on reviews for insert to authenticated with check ((select auth.uid()) = author);
create policy own_update on reviews for update to authenticated
  using ((select auth.uid()) = author) with check ((select auth.uid()) = author);
create policy own_delete on reviews for delete to authenticated using ((select auth.uid()) = author);

create or replace function airport_delays(min_flights int default 1)
returns table (iata text, flights bigint, mean_delay numeric, late_share numeric) language sql stable as $$
  select origin, count(*), round(avg(delay), 2), round(avg((delay > 15)::int), 4)
  from flights group by origin having count(*) >= min_flights order by 3 desc, 1
$$;

create or replace function delay_histogram(width int default 30)
returns table (delay_from int, flights bigint) language sql stable as $$
  select (floor(delay::numeric / width) * width)::int, count(*) from flight_samples group by 1 order by 1
$$;

create or replace function gross_by_genre(since date default '-infinity')
returns table (genre text, movies bigint, worldwide numeric, best_rating numeric) language sql stable as $$
  select coalesce(genre, 'unknown'), count(*), sum(worldwide_gross), max(imdb_rating)
  from movies where released >= since group by 1 order by 3 desc nulls last, 1
$$;

create or replace function zipcodes_by_state()
returns table (state text, zipcodes bigint, counties bigint, north double precision, south double precision)
language sql stable as $$
  select state, count(*), count(distinct county), max(latitude), min(latitude) from zipcodes group by state order by 2 desc, 1
$$;

-- Airports within a distance of a place, by the haversine formula; a function over a table can be filtered and embedded.
create or replace function airports_near(latitude double precision, longitude double precision, miles double precision)
returns setof airports language sql stable as $$
  select * from airports a where 3958.8 * 2 * asin(sqrt(
    power(sin(radians(a.latitude - airports_near.latitude) / 2), 2) +
    cos(radians(airports_near.latitude)) * cos(radians(a.latitude)) *
    power(sin(radians(a.longitude - airports_near.longitude) / 2), 2))) <= miles
$$;
