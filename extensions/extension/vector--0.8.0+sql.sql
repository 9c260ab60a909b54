-- How it works, and what it costs, is in ../README.md.
--
-- A vector is stored as the JSON text of its numbers. Vectors of more than 16 dimensions that went through a cast to
-- vector(n) or from an array also carry their numbers in binary, behind a zero byte that ends the text for whoever
-- prints it: blocks of at most 100 numbers in the form of the `cube` module, whose C code then computes distances.
--
--   text, 0x00, blocks, block with the squared norm, dimensions (two bytes), 0x01
--
-- Functions in pg_catalog are private. They are there, and not members of the extension, so that the public ones find
-- them from any schema the extension is moved to. Public functions are bound when they are made.

create type vector;

create function vector_in(cstring, oid, integer) returns vector
language internal immutable strict parallel safe as 'json_in';

create function vector_out(vector) returns cstring
language internal immutable strict parallel safe as 'json_out';

create function vector_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'bittypmodin';

create function vector_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'bittypmodout';

create type vector (
  input = vector_in,
  output = vector_out,
  typmod_in = vector_typmod_in,
  typmod_out = vector_typmod_out,
  storage = external
);

-- Private: looking at the stored bytes ------------------------------------------------------------------------------

create function pg_catalog._vector_size(vector) returns integer
language internal immutable strict parallel safe as 'byteaoctetlen';

create function pg_catalog._vector_slice(vector, integer, integer) returns bytea
language internal immutable strict parallel safe as 'bytea_substr';

-- All bytes, fetched and copied once.
create function pg_catalog._vector_bytes(vector, bytea) returns bytea
language internal immutable strict parallel safe as 'byteacat';

create function pg_catalog._vector_join(bytea, bytea) returns vector
language internal immutable strict parallel safe as 'byteacat';

create function pg_catalog._vector_block(float8[]) returns bytea
language c immutable strict parallel safe as '$libdir/cube', 'cube_a_f8';

create function pg_catalog._vector_block_value(bytea, integer) returns float8
language c immutable strict parallel safe as '$libdir/cube', 'cube_ll_coord';

create function pg_catalog._vector_block_distance(bytea, bytea) returns float8
language c immutable strict parallel safe as '$libdir/cube', 'cube_distance';

create function pg_catalog._vector_block_taxicab(bytea, bytea) returns float8
language c immutable strict parallel safe as '$libdir/cube', 'distance_taxicab';

-- These trust the bytes they get, so nobody may call them but the functions below.
revoke all on function
  pg_catalog._vector_bytes(vector, bytea),
  pg_catalog._vector_join(bytea, bytea),
  pg_catalog._vector_block(float8[]),
  pg_catalog._vector_block_value(bytea, integer),
  pg_catalog._vector_block_distance(bytea, bytea),
  pg_catalog._vector_block_taxicab(bytea, bytea)
from public;

-- Private: numbers to vectors and back ------------------------------------------------------------------------------

-- Works on bytes, because text functions look for characters one by one in UTF-8.
create function pg_catalog._vector_floats(v vector) returns real[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  body bytea := convert_to(v::text, 'UTF8');
  floats real[];
begin
  if get_byte(body, 0) <> ascii('[') or get_byte(body, octet_length(body) - 1) <> ascii(']') then
    body := convert_to(btrim(v::text, E' \n\r\t'), 'UTF8');
  end if;
  if get_byte(body, 0) <> ascii('[') or get_byte(body, octet_length(body) - 1) <> ascii(']')
    or position('\x22' in body) > 0
  then
    raise invalid_text_representation using
      message = format('invalid input syntax for type vector: "%s"', left(v::text, 200)),
      detail = 'Vector contents must start with "[" and hold numbers only.';
  end if;
  body := set_byte(set_byte(body, 0, ascii('{')), octet_length(body) - 1, ascii('}'));
  floats := convert_from(body, 'UTF8')::real[];
  if cardinality(floats) = 0 then
    raise data_exception using message = 'vector must have at least 1 dimension';
  end if;
  if array_ndims(floats) > 1 or array_position(floats, null) is not null then
    raise invalid_text_representation using
      message = format('invalid input syntax for type vector: "%s"', left(v::text, 200));
  end if;
  return floats;
end
$$;

-- A negative `expected` takes any number of dimensions. Without its text a vector is good for computing only.
create function pg_catalog._vector_make(floats real[], expected integer, with_text boolean default true) returns vector
language plpgsql immutable strict parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  dimensions constant integer := cardinality(floats);
  origin constant bytea := _vector_block('{0}');
  body bytea := '';
  block bytea;
  blocks bytea := '';
  squared_norm float8 := 0;
begin
  if array_ndims(floats) > 1 then
    raise data_exception using message = 'array must be 1-D';
  elsif array_position(floats, null) is not null then
    raise null_value_not_allowed using message = 'array must not contain nulls';
  elsif dimensions = 0 then
    raise data_exception using message = 'vector must have at least 1 dimension';
  elsif dimensions > 16000 then
    raise program_limit_exceeded using message = 'vector cannot have more than 16000 dimensions';
  elsif expected >= 0 and dimensions <> expected then
    raise data_exception using message = format('expected %s dimensions, not %s', expected, dimensions);
  elsif 'NaN' = any (floats) then
    raise data_exception using message = 'NaN not allowed in vector';
  elsif 'Infinity' = any (floats) or '-Infinity' = any (floats) then
    raise data_exception using message = 'infinite value not allowed in vector';
  end if;
  if with_text or dimensions <= 16 then
    body := convert_to('[' || array_to_string(floats, ',') || ']', 'UTF8');
  end if;
  if dimensions <= 16 then
    return _vector_join(body, '');
  end if;
  for start in 1..dimensions by 100 loop
    block := _vector_block(floats[start : least(start + 99, dimensions)]::float8[]);
    blocks := blocks || block;
    squared_norm := squared_norm + _vector_block_distance(block, origin) ^ 2;
  end loop;
  return _vector_join(
    body,
    '\x00' || blocks || _vector_block(array[squared_norm])
      || set_byte(set_byte('\x000001', 0, dimensions / 256), 1, dimensions % 256)
  );
end
$$;

-- Whether the numbers are there in binary, or are too few for that (17 numbers take 35 characters).
create function pg_catalog._vector_is_ready(v vector) returns boolean
language sql immutable parallel safe
return _vector_size(v) < 35 or _vector_slice(v, _vector_size(v), 1) = '\x01';

create function pg_catalog._vector_ready(v vector) returns vector
language sql immutable parallel safe
return case when _vector_is_ready(v) then v else _vector_make(_vector_floats(v), -1, false) end;

create function pg_catalog._vector_dims(v vector) returns integer
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  tail constant bytea := _vector_slice(v, _vector_size(v) - 2, 3);
begin
  if get_byte(tail, octet_length(tail) - 1) = 1 then
    return get_byte(tail, 0) * 256 + get_byte(tail, 1);
  end if;
  return cardinality(_vector_floats(v));
end
$$;

-- Private: distances ------------------------------------------------------------------------------------------------

-- Whether two lists of numbers can be taken together; the answer is never false.
create function pg_catalog._vector_match(a real[], b real[]) returns boolean
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  if cardinality(a) <> cardinality(b) then
    raise data_exception using
      message = format('different vector dimensions %s and %s', cardinality(a), cardinality(b));
  end if;
  return true;
end
$$;

-- Few numbers: straight from the text.
create function pg_catalog._vector_measure_floats(a real[], b real[], measure text) returns float8
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  squares float8;
  taxicab float8;
  product float8;
  norms float8;
begin
  perform _vector_match(a, b);
  select
    sum((p - q) * (p - q)), sum(abs(p - q)), sum(p * q), sqrt(sum(p * p) * sum(q * q))
  into squares, taxicab, product, norms
  from unnest(a::float8[], b::float8[]) as pair(p, q);
  return case measure
    when 'euclidean' then sqrt(squares)
    when 'squared' then squares
    when 'taxicab' then taxicab
    when 'product' then product
    when 'cosine' then
      case when norms = 0 then 'NaN' else 1 - greatest(-1, least(1, product / norms)) end
  end;
end
$$;

-- Many numbers: block by block. The inner product follows from the norms and the euclidean distance.
create function pg_catalog._vector_measure(a vector, b vector, measure text) returns float8
language plpgsql immutable strict parallel safe security definer cost 1000
set search_path = pg_catalog, pg_temp as $$
declare
  x constant bytea := _vector_bytes(a, '');
  y constant bytea := _vector_bytes(b, '');
  x_size constant integer := octet_length(x);
  y_size constant integer := octet_length(y);
  x_ready constant boolean := get_byte(x, x_size - 1) = 1;
  y_ready constant boolean := get_byte(y, y_size - 1) = 1;
  dimensions integer;
  before_tail integer;
  at_x integer;
  at_y integer;
  distance float8;
  total float8 := 0;
  x_norm float8;
  y_norm float8;
begin
  if not x_ready and not y_ready then
    return _vector_measure_floats(_vector_floats(a), _vector_floats(b), measure);
  end if;
  dimensions := get_byte(x, x_size - 3) * 256 + get_byte(x, x_size - 2);
  -- Of a ready and an unready one, the first has more than 16 dimensions, the second has not.
  if x_ready <> y_ready or get_byte(y, y_size - 3) * 256 + get_byte(y, y_size - 2) <> dimensions then
    raise data_exception using
      message = format('different vector dimensions %s and %s', _vector_dims(a), _vector_dims(b));
  end if;
  before_tail := dimensions * 8 + (dimensions + 99) / 100 * 4 + 14;
  at_x := x_size - before_tail;
  at_y := y_size - before_tail;
  if measure = 'taxicab' then
    for block in 1..(dimensions + 99) / 100 loop
      total := total + _vector_block_taxicab(substring(x from at_x for 804), substring(y from at_y for 804));
      at_x := at_x + 804;
      at_y := at_y + 804;
    end loop;
    return total;
  end if;
  for block in 1..(dimensions + 99) / 100 loop
    distance := _vector_block_distance(substring(x from at_x for 804), substring(y from at_y for 804));
    total := total + distance * distance;
    at_x := at_x + 804;
    at_y := at_y + 804;
  end loop;
  if measure = 'euclidean' then
    return sqrt(total);
  elsif measure = 'squared' then
    return total;
  end if;
  x_norm := _vector_block_value(substring(x from x_size - 14 for 12), 1);
  y_norm := _vector_block_value(substring(y from y_size - 14 for 12), 1);
  if measure = 'product' then
    return (x_norm + y_norm - total) / 2;
  elsif x_norm = 0 or y_norm = 0 then
    return 'NaN';
  end if;
  return 1 - greatest(-1, least(1, (x_norm + y_norm - total) / (2 * sqrt(x_norm * y_norm))));
end
$$;

-- Private functions go when the extension goes, but do not keep it from moving to another schema.
do $$
declare
  private regprocedure;
begin
  for private in
    select objid::regprocedure
    from pg_depend
    join pg_extension on pg_extension.oid = refobjid and extname = 'vector'
    join pg_proc on pg_proc.oid = objid and pronamespace = 'pg_catalog'::regnamespace
    where classid = 'pg_proc'::regclass and refclassid = 'pg_extension'::regclass and deptype = 'e'
  loop
    execute format('alter extension vector drop function %s', private);
    execute format('alter function %s depends on extension vector', private);
  end loop;
end
$$;

-- Casts -------------------------------------------------------------------------------------------------------------

create function vector(vector, integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make(_vector_floats($1), $2);

create function array_to_vector(real[], integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make($1, $2);

create function array_to_vector(double precision[], integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make($1::real[], $2);

create function array_to_vector(numeric[], integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make($1::real[], $2);

create function array_to_vector(integer[], integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make($1::real[], $2);

create function vector_to_float4(vector, integer, boolean) returns real[]
language sql immutable strict parallel safe
return _vector_floats($1);

create cast (vector as vector) with function vector(vector, integer, boolean) as implicit;
create cast (vector as real[]) with function vector_to_float4(vector, integer, boolean) as implicit;
create cast (real[] as vector) with function array_to_vector(real[], integer, boolean) as assignment;
create cast (double precision[] as vector)
  with function array_to_vector(double precision[], integer, boolean) as assignment;
create cast (numeric[] as vector) with function array_to_vector(numeric[], integer, boolean) as assignment;
create cast (integer[] as vector) with function array_to_vector(integer[], integer, boolean) as assignment;

-- Distances ---------------------------------------------------------------------------------------------------------

create function l2_distance(vector, vector) returns float8 language sql immutable parallel safe
return _vector_measure(_vector_ready($1), _vector_ready($2), 'euclidean');

create function vector_l2_squared_distance(vector, vector) returns float8 language sql immutable parallel safe
return _vector_measure(_vector_ready($1), _vector_ready($2), 'squared');

create function inner_product(vector, vector) returns float8 language sql immutable parallel safe
return _vector_measure(_vector_ready($1), _vector_ready($2), 'product');

create function vector_negative_inner_product(vector, vector) returns float8 language sql immutable parallel safe
return - _vector_measure(_vector_ready($1), _vector_ready($2), 'product');

create function cosine_distance(vector, vector) returns float8 language sql immutable parallel safe
return _vector_measure(_vector_ready($1), _vector_ready($2), 'cosine');

create function l1_distance(vector, vector) returns float8 language sql immutable parallel safe
return _vector_measure(_vector_ready($1), _vector_ready($2), 'taxicab');

create function vector_spherical_distance(vector, vector) returns float8 language sql immutable parallel safe
return acos(greatest(-1, least(1, _vector_measure(_vector_ready($1), _vector_ready($2), 'product')))) / pi();

create operator <-> (leftarg = vector, rightarg = vector, function = l2_distance, commutator = <->);
create operator <#> (leftarg = vector, rightarg = vector, function = vector_negative_inner_product, commutator = <#>);
create operator <=> (leftarg = vector, rightarg = vector, function = cosine_distance, commutator = <=>);
create operator <+> (leftarg = vector, rightarg = vector, function = l1_distance, commutator = <+>);

-- Functions ---------------------------------------------------------------------------------------------------------

create function vector_dims(vector) returns integer language sql immutable strict parallel safe
return _vector_dims($1);

create function vector_norm(vector) returns float8 language sql immutable strict parallel safe
begin atomic
  select sqrt(sum(number::float8 * number)) from unnest(_vector_floats($1)) as number;
end;

create function l2_normalize(vector) returns vector language sql immutable strict parallel safe
begin atomic
  select _vector_make(
    array(
      select case when norm.length = 0 then 0 else number / norm.length end::real
      from unnest(_vector_floats($1)) with ordinality as element(number, place)
      order by place
    ),
    -1
  )
  from (select vector_norm($1) as length) as norm;
end;

-- Counts from 1; what lies beyond the vector is left out.
create function subvector(vector, integer, integer) returns vector language sql immutable strict parallel safe
return _vector_make((_vector_floats($1))[greatest($2, 1) : least($2::bigint + $3 - 1, 16000)::integer], -1);

create function binary_quantize(vector) returns bit language sql immutable strict parallel safe
begin atomic
  select string_agg(case when number > 0 then '1' else '0' end, '' order by place)::varbit
  from unnest(_vector_floats($1)) with ordinality as element(number, place);
end;

-- Arithmetic --------------------------------------------------------------------------------------------------------

create function vector_add(vector, vector) returns vector language sql immutable strict parallel safe
begin atomic
  select _vector_make(
    array(
      select p + q from unnest(a, b) with ordinality as pair(p, q, place) order by place
    ),
    -1
  )
  from (select _vector_floats($1) as a, _vector_floats($2) as b) as numbers
  where _vector_match(a, b);
end;

create function vector_sub(vector, vector) returns vector language sql immutable strict parallel safe
begin atomic
  select _vector_make(
    array(
      select p - q from unnest(a, b) with ordinality as pair(p, q, place) order by place
    ),
    -1
  )
  from (select _vector_floats($1) as a, _vector_floats($2) as b) as numbers
  where _vector_match(a, b);
end;

create function vector_mul(vector, vector) returns vector language sql immutable strict parallel safe
begin atomic
  select _vector_make(
    array(
      select p * q from unnest(a, b) with ordinality as pair(p, q, place) order by place
    ),
    -1
  )
  from (select _vector_floats($1) as a, _vector_floats($2) as b) as numbers
  where _vector_match(a, b);
end;

create function vector_concat(vector, vector) returns vector language sql immutable strict parallel safe
return _vector_make(_vector_floats($1) || _vector_floats($2), -1);

create operator + (leftarg = vector, rightarg = vector, function = vector_add, commutator = +);
create operator - (leftarg = vector, rightarg = vector, function = vector_sub);
create operator * (leftarg = vector, rightarg = vector, function = vector_mul, commutator = *);
create operator || (leftarg = vector, rightarg = vector, function = vector_concat);

-- Aggregates: the state is the count, followed by the sums. ----------------------------------------------------------

create function vector_accum(double precision[], vector) returns double precision[]
language sql immutable strict parallel safe
begin atomic
  select case
    when sums = '{}' then array[$1[1] + 1] || numbers::double precision[]
    when _vector_match(sums::real[], numbers) then array[$1[1] + 1] || array(
      select p + q from unnest(sums, numbers) with ordinality as pair(p, q, place) order by place
    )
  end
  from (select $1[2:] as sums, _vector_floats($2) as numbers) as state;
end;

create function vector_combine(double precision[], double precision[]) returns double precision[]
language sql immutable strict parallel safe
begin atomic
  select case
    when $1[1] = 0 then $2
    when $2[1] = 0 then $1
    when _vector_match($1::real[], $2::real[]) then array(
      select p + q from unnest($1, $2) with ordinality as pair(p, q, place) order by place
    )
  end;
end;

create function vector_avg(double precision[]) returns vector
language sql immutable strict parallel safe
begin atomic
  select case when $1[1] > 0 then _vector_make(
    array(select (number / $1[1])::real from unnest($1[2:]) with ordinality as element(number, place) order by place),
    -1
  ) end;
end;

create aggregate avg(vector) (
  sfunc = vector_accum,
  stype = double precision[],
  combinefunc = vector_combine,
  finalfunc = vector_avg,
  initcond = '{0}',
  parallel = safe
);
create aggregate sum(vector) (sfunc = vector_add, stype = vector, combinefunc = vector_add, parallel = safe);

-- Order -------------------------------------------------------------------------------------------------------------

create function vector_lt(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) < _vector_floats($2);
create function vector_le(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) <= _vector_floats($2);
create function vector_eq(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) = _vector_floats($2);
create function vector_ne(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) <> _vector_floats($2);
create function vector_ge(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) >= _vector_floats($2);
create function vector_gt(vector, vector) returns boolean language sql immutable strict parallel safe
return _vector_floats($1) > _vector_floats($2);
create function vector_cmp(vector, vector) returns integer language sql immutable strict parallel safe
return btarraycmp(_vector_floats($1), _vector_floats($2));

create operator < (
  leftarg = vector, rightarg = vector, function = vector_lt, commutator = >, negator = >=,
  restrict = scalarltsel, join = scalarltjoinsel
);
create operator <= (
  leftarg = vector, rightarg = vector, function = vector_le, commutator = >=, negator = >,
  restrict = scalarlesel, join = scalarlejoinsel
);
create operator = (
  leftarg = vector, rightarg = vector, function = vector_eq, commutator = =, negator = <>,
  restrict = eqsel, join = eqjoinsel
);
create operator <> (
  leftarg = vector, rightarg = vector, function = vector_ne, commutator = <>, negator = =,
  restrict = neqsel, join = neqjoinsel
);
create operator >= (
  leftarg = vector, rightarg = vector, function = vector_ge, commutator = <=, negator = <,
  restrict = scalargesel, join = scalargejoinsel
);
create operator > (
  leftarg = vector, rightarg = vector, function = vector_gt, commutator = <, negator = <=,
  restrict = scalargtsel, join = scalargtjoinsel
);

create operator class vector_ops default for type vector using btree as
  operator 1 <,
  operator 2 <=,
  operator 3 =,
  operator 4 >=,
  operator 5 >,
  function 1 vector_cmp(vector, vector);

-- Index methods: accepted, built as small hash indexes over the stored bytes, and used by no query ------------------

create function vector_same_bytes(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create function vector_hash_bytes(vector) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create operator ~=~ (leftarg = vector, rightarg = vector, function = vector_same_bytes, commutator = ~=~);

create access method hnsw type index handler hashhandler;
create access method ivfflat type index handler hashhandler;

create operator class vector_l2_ops for type vector using hnsw as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
create operator class vector_ip_ops for type vector using hnsw as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
create operator class vector_cosine_ops for type vector using hnsw as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
create operator class vector_l1_ops for type vector using hnsw as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);

create operator class vector_l2_ops default for type vector using ivfflat as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
create operator class vector_ip_ops for type vector using ivfflat as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
create operator class vector_cosine_ops for type vector using ivfflat as
  operator 1 ~=~, function 1 vector_hash_bytes(vector);
