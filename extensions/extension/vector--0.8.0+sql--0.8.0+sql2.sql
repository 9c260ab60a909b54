-- halfvec, sparsevec and distances of bit strings. A halfvec is stored like a vector, with every number rounded to half
-- precision (IEEE 754 binary16); a sparsevec is stored as its text, sorted by index once it met a cast.

-- Half precision ------------------------------------------------------------------------------------------------------

create type halfvec;

create function halfvec_in(cstring, oid, integer) returns halfvec
language internal immutable strict parallel safe as 'json_in';
create function halfvec_out(halfvec) returns cstring
language internal immutable strict parallel safe as 'json_out';
create function halfvec_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'bittypmodin';
create function halfvec_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'bittypmodout';
create type halfvec (
  input = halfvec_in,
  output = halfvec_out,
  typmod_in = halfvec_typmod_in,
  typmod_out = halfvec_typmod_out,
  storage = external
);

create function pg_catalog._halfvec_size(halfvec) returns integer
language internal immutable strict parallel safe as 'byteaoctetlen';
create function pg_catalog._halfvec_slice(halfvec, integer, integer) returns bytea
language internal immutable strict parallel safe as 'bytea_substr';

-- The same bytes under the other type.
create function pg_catalog._halfvec_bytes(halfvec, bytea) returns vector
language internal immutable strict parallel safe as 'byteacat';
create function pg_catalog._halfvec_of(vector, bytea) returns halfvec
language internal immutable strict parallel safe as 'byteacat';
revoke all on function pg_catalog._halfvec_bytes(halfvec, bytea), pg_catalog._halfvec_of(vector, bytea) from public;

-- The distance between neighbours doubles at every power of two from 2^-13 on; what lies halfway becomes even.
create function pg_catalog._half_round(numbers real[]) returns real[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  powers constant float8[] := '{0.0001220703125,0.000244140625,0.00048828125,0.0009765625,0.001953125,0.00390625,0.0078125,0.015625,0.03125,0.0625,0.125,0.25,0.5,1,2,4,8,16,32,64,128,256,512,1024,2048,4096,8192,16384,32768}';
  rounded constant real[] := array(
    select (round(number / unit) * unit)::real
    from unnest(numbers::float8[]) with ordinality as element(number, place),
      lateral (select power(2::float8, width_bucket(abs(number), powers) - 24) as unit) as step
    order by place
  );
begin
  if 65504 < any (rounded) or -65504 > any (rounded) then
    raise numeric_value_out_of_range using
      message = format(
        '"%s" is out of range for type halfvec',
        (select number from unnest(numbers) as number where abs(number) >= 65520 limit 1)
      );
  end if;
  return rounded;
end
$$;

create function pg_catalog._halfvec_floats(h halfvec) returns real[]
language plpgsql immutable strict parallel safe security definer set search_path = pg_catalog, pg_temp as $$
begin
  return _half_round(_vector_floats(_halfvec_bytes(h, '')));
end
$$;

create function pg_catalog._halfvec_make(numbers real[], expected integer) returns halfvec
language plpgsql immutable strict parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  dimensions constant integer := cardinality(numbers);
begin
  if array_ndims(numbers) > 1 then
    raise data_exception using message = 'array must be 1-D';
  elsif array_position(numbers, null) is not null then
    raise null_value_not_allowed using message = 'array must not contain nulls';
  elsif dimensions = 0 then
    raise data_exception using message = 'halfvec must have at least 1 dimension';
  elsif dimensions > 16000 then
    raise program_limit_exceeded using message = 'halfvec cannot have more than 16000 dimensions';
  elsif 'NaN' = any (numbers) then
    raise data_exception using message = 'NaN not allowed in halfvec';
  elsif 'Infinity' = any (numbers) or '-Infinity' = any (numbers) then
    raise data_exception using message = 'infinite value not allowed in halfvec';
  end if;
  return _halfvec_of(_vector_make(_half_round(numbers), expected), '');
end
$$;

-- Good for computing: a value with its numbers in binary was rounded when it got them.
create function pg_catalog._halfvec_ready(h halfvec) returns vector
language plpgsql immutable strict parallel safe security definer cost 10 set search_path = pg_catalog, pg_temp as $$
begin
  -- Looked at without fetching the rest.
  if _halfvec_size(h) >= 35 and _halfvec_slice(h, _halfvec_size(h), 1) = '\x01' then
    return _halfvec_bytes(h, '');
  end if;
  return _vector_make(_half_round(_vector_floats(_halfvec_bytes(h, ''))), -1, false);
end
$$;

create function halfvec(halfvec, integer, boolean) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(_halfvec_floats($1), $2);
create function halfvec_to_vector(halfvec, integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make(_halfvec_floats($1), $2);
create function vector_to_halfvec(vector, integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make(_vector_floats($1), $2);
create function halfvec_to_float4(halfvec, integer, boolean) returns real[]
language sql immutable strict parallel safe
return _halfvec_floats($1);
create function array_to_halfvec(real[], integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make($1, $2);
create function array_to_halfvec(double precision[], integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make($1::real[], $2);
create function array_to_halfvec(numeric[], integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make($1::real[], $2);
create function array_to_halfvec(integer[], integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make($1::real[], $2);

create cast (halfvec as halfvec) with function halfvec(halfvec, integer, boolean) as implicit;
create cast (halfvec as vector) with function halfvec_to_vector(halfvec, integer, boolean) as assignment;
create cast (vector as halfvec) with function vector_to_halfvec(vector, integer, boolean) as implicit;
create cast (halfvec as real[]) with function halfvec_to_float4(halfvec, integer, boolean) as assignment;
create cast (real[] as halfvec) with function array_to_halfvec(real[], integer, boolean) as assignment;
create cast (double precision[] as halfvec)
  with function array_to_halfvec(double precision[], integer, boolean) as assignment;
create cast (numeric[] as halfvec) with function array_to_halfvec(numeric[], integer, boolean) as assignment;
create cast (integer[] as halfvec) with function array_to_halfvec(integer[], integer, boolean) as assignment;

create function l2_distance(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'euclidean');
create function halfvec_l2_squared_distance(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'squared');
create function inner_product(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'product');
create function halfvec_negative_inner_product(halfvec, halfvec) returns float8
language sql immutable strict parallel safe
return - _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'product');
create function cosine_distance(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'cosine');
create function l1_distance(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'taxicab');
create function halfvec_spherical_distance(halfvec, halfvec) returns float8 language sql immutable strict parallel safe
return acos(greatest(-1, least(1, _vector_measure(_halfvec_ready($1), _halfvec_ready($2), 'product')))) / pi();

create operator <-> (leftarg = halfvec, rightarg = halfvec, function = l2_distance, commutator = <->);
create operator <#> (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_negative_inner_product, commutator = <#>
);
create operator <=> (leftarg = halfvec, rightarg = halfvec, function = cosine_distance, commutator = <=>);
create operator <+> (leftarg = halfvec, rightarg = halfvec, function = l1_distance, commutator = <+>);

create function vector_dims(halfvec) returns integer language sql immutable strict parallel safe
return cardinality(_halfvec_floats($1));
create function l2_norm(halfvec) returns float8 language sql immutable strict parallel safe
return vector_norm(_vector_make(_halfvec_floats($1), -1));
create function l2_normalize(halfvec) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(_vector_floats(l2_normalize(_vector_make(_halfvec_floats($1), -1))), -1);
create function subvector(halfvec, integer, integer) returns halfvec language sql immutable strict parallel safe
return _halfvec_make((_halfvec_floats($1))[greatest($2, 1) : least($2::bigint + $3 - 1, 16000)::integer], -1);
create function binary_quantize(halfvec) returns bit language sql immutable strict parallel safe
begin atomic
  select string_agg(case when number > 0 then '1' else '0' end, '' order by place)::varbit
  from unnest(_halfvec_floats($1)) with ordinality as element(number, place);
end;

create function halfvec_add(halfvec, halfvec) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(
  _vector_floats(vector_add(_vector_make(_halfvec_floats($1), -1), _vector_make(_halfvec_floats($2), -1))), -1
);
create function halfvec_sub(halfvec, halfvec) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(
  _vector_floats(vector_sub(_vector_make(_halfvec_floats($1), -1), _vector_make(_halfvec_floats($2), -1))), -1
);
create function halfvec_mul(halfvec, halfvec) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(
  _vector_floats(vector_mul(_vector_make(_halfvec_floats($1), -1), _vector_make(_halfvec_floats($2), -1))), -1
);
create function halfvec_concat(halfvec, halfvec) returns halfvec language sql immutable strict parallel safe
return _halfvec_make(_halfvec_floats($1) || _halfvec_floats($2), -1);
create operator + (leftarg = halfvec, rightarg = halfvec, function = halfvec_add, commutator = +);
create operator - (leftarg = halfvec, rightarg = halfvec, function = halfvec_sub);
create operator * (leftarg = halfvec, rightarg = halfvec, function = halfvec_mul, commutator = *);
create operator || (leftarg = halfvec, rightarg = halfvec, function = halfvec_concat);

create function halfvec_accum(double precision[], halfvec) returns double precision[]
language sql immutable strict parallel safe
return vector_accum($1, _vector_make(_halfvec_floats($2), -1));
create function halfvec_avg(double precision[]) returns halfvec language sql immutable strict parallel safe
begin atomic
  select case when $1[1] > 0 then _halfvec_make(_vector_floats(vector_avg($1)), -1) end;
end;
create aggregate avg(halfvec) (
  sfunc = halfvec_accum,
  stype = double precision[],
  combinefunc = vector_combine,
  finalfunc = halfvec_avg,
  initcond = '{0}',
  parallel = safe
);
create aggregate sum(halfvec) (sfunc = halfvec_add, stype = halfvec, combinefunc = halfvec_add, parallel = safe);

-- Sparse vectors ------------------------------------------------------------------------------------------------------

create type sparsevec;

create function sparsevec_in(cstring, oid, integer) returns sparsevec
language internal immutable strict parallel safe as 'textin';
create function sparsevec_out(sparsevec) returns cstring
language internal immutable strict parallel safe as 'textout';
create function sparsevec_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'bittypmodin';
create function sparsevec_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'bittypmodout';
create type sparsevec (
  input = sparsevec_in,
  output = sparsevec_out,
  typmod_in = sparsevec_typmod_in,
  typmod_out = sparsevec_typmod_out,
  storage = external
);
create function pg_catalog._sparsevec_refuse(index bigint) returns boolean
language plpgsql immutable strict parallel safe as $$
begin
  raise data_exception using message = 'sparsevec index out of bounds', detail = format('Index %s.', index);
end
$$;

-- Indices count from 1 and come out sorted, without those of zeros.
create function pg_catalog._sparsevec_parse(
  v sparsevec, out dimensions integer, out indices integer[], out numbers real[]
) language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  found constant text[] := regexp_match(
    v::text, '^\s*\{\s*(\d{1,10}\s*:[^,:{}]+(?:,\s*\d{1,10}\s*:[^,:{}]+)*)?\}\s*/\s*(\d{1,10})\s*$'
  );
begin
  if found is null then
    raise invalid_text_representation using
      message = format('invalid input syntax for type sparsevec: "%s"', left(v::text, 200));
  elsif found[2]::bigint > 1000000000 then
    raise program_limit_exceeded using message = 'sparsevec cannot have more than 1000000000 dimensions';
  elsif found[2]::bigint < 1 then
    raise data_exception using message = 'sparsevec must have at least 1 dimension';
  end if;
  dimensions := found[2];
  select
    coalesce(array_agg(index::integer order by index) filter (where number <> 0), '{}'),
    coalesce(array_agg(number order by index) filter (where number <> 0), '{}')
  into indices, numbers
  from (
    select split_part(part, ':', 1)::bigint, split_part(part, ':', 2)::real
    from string_to_table(coalesce(found[1], ''), ',') as part
  ) as element(index, number)
  where case
    when index between 1 and found[2]::bigint then true
    else _sparsevec_refuse(index)
  end;
  if (select count(distinct index) from unnest(indices) as index) <> cardinality(indices) then
    raise data_exception using message = 'sparsevec must not contain duplicate indices';
  elsif cardinality(indices) > 16000 then
    raise program_limit_exceeded using message = 'sparsevec cannot have more than 16000 non-zero elements';
  elsif 'NaN' = any (numbers) then
    raise data_exception using message = 'NaN not allowed in sparsevec';
  elsif 'Infinity' = any (numbers) or '-Infinity' = any (numbers) then
    raise data_exception using message = 'infinite value not allowed in sparsevec';
  end if;
end
$$;

-- A negative `expected` takes any number of dimensions.
create function pg_catalog._sparsevec_make(dimensions integer, indices integer[], numbers real[], expected integer)
returns sparsevec language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  if expected >= 0 and dimensions <> expected then
    raise data_exception using message = format('expected %s dimensions, not %s', expected, dimensions);
  end if;
  return (
    select '{' || coalesce(string_agg(index || ':' || number, ',' order by index), '') || '}/' || dimensions
    from unnest(indices, numbers) as element(index, number)
    where number <> 0
  );
end
$$;

create function pg_catalog._sparsevec_of_array(numbers real[], expected integer) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_make(cardinality(numbers), array(select generate_series(1, cardinality(numbers))), numbers, expected);

create function pg_catalog._sparsevec_floats(v sparsevec) returns real[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  parsed record;
  dense real[];
begin
  parsed := _sparsevec_parse(v);
  if parsed.dimensions > 16000 then
    raise program_limit_exceeded using message = 'vector cannot have more than 16000 dimensions';
  end if;
  dense := array_fill(0::real, array[parsed.dimensions]);
  for place in 1..cardinality(parsed.indices) loop
    dense[parsed.indices[place]] := parsed.numbers[place];
  end loop;
  return dense;
end
$$;

create function pg_catalog._sparsevec_measure(a sparsevec, b sparsevec, measure text) returns float8
language plpgsql immutable strict parallel safe cost 1000 set search_path = pg_catalog, pg_temp as $$
declare
  x record;
  y record;
  squares float8;
  taxicab float8;
  product float8;
  norms float8;
begin
  x := _sparsevec_parse(a);
  y := _sparsevec_parse(b);
  if x.dimensions <> y.dimensions then
    raise data_exception using
      message = format('different sparsevec dimensions %s and %s', x.dimensions, y.dimensions);
  end if;
  select
    coalesce(sum((p - q) * (p - q)), 0), coalesce(sum(abs(p - q)), 0), coalesce(sum(p * q), 0),
    sqrt(coalesce(sum(p * p), 0) * coalesce(sum(q * q), 0))
  into squares, taxicab, product, norms
  from (
    select coalesce(l.number, 0), coalesce(r.number, 0)
    from unnest(x.indices, x.numbers::float8[]) as l(index, number)
    full join unnest(y.indices, y.numbers::float8[]) as r(index, number) using (index)
  ) as pair(p, q);
  return case measure
    when 'euclidean' then sqrt(squares)
    when 'squared' then squares
    when 'taxicab' then taxicab
    when 'product' then product
    when 'cosine' then case when norms = 0 then 'NaN' else 1 - greatest(-1, least(1, product / norms)) end
  end;
end
$$;

-- As the dense vectors would compare.
create function pg_catalog._sparsevec_cmp(a sparsevec, b sparsevec) returns integer
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  x record;
  y record;
  difference integer;
begin
  x := _sparsevec_parse(a);
  y := _sparsevec_parse(b);
  select sign(coalesce(l.number, 0) - coalesce(r.number, 0))::integer into difference
  from unnest(x.indices, x.numbers) as l(index, number)
  full join unnest(y.indices, y.numbers) as r(index, number) using (index)
  where coalesce(l.number, 0) <> coalesce(r.number, 0) and index <= least(x.dimensions, y.dimensions)
  order by index limit 1;
  return coalesce(difference, sign(x.dimensions - y.dimensions)::integer);
end
$$;

create function sparsevec(sparsevec, integer, boolean) returns sparsevec language sql immutable strict parallel safe
begin atomic
  select _sparsevec_make(dimensions, indices, numbers, $2) from _sparsevec_parse($1);
end;
create function vector_to_sparsevec(vector, integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_vector_floats($1), $2);
create function halfvec_to_sparsevec(halfvec, integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_halfvec_floats($1), $2);
create function sparsevec_to_vector(sparsevec, integer, boolean) returns vector
language sql immutable strict parallel safe
return _vector_make(_sparsevec_floats($1), $2);
create function sparsevec_to_halfvec(sparsevec, integer, boolean) returns halfvec
language sql immutable strict parallel safe
return _halfvec_make(_sparsevec_floats($1), $2);
create function array_to_sparsevec(real[], integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_vector_floats(_vector_make($1, -1)), $2);
create function array_to_sparsevec(double precision[], integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_vector_floats(_vector_make($1::real[], -1)), $2);
create function array_to_sparsevec(numeric[], integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_vector_floats(_vector_make($1::real[], -1)), $2);
create function array_to_sparsevec(integer[], integer, boolean) returns sparsevec
language sql immutable strict parallel safe
return _sparsevec_of_array(_vector_floats(_vector_make($1::real[], -1)), $2);

create cast (sparsevec as sparsevec) with function sparsevec(sparsevec, integer, boolean) as implicit;
create cast (sparsevec as vector) with function sparsevec_to_vector(sparsevec, integer, boolean) as assignment;
create cast (sparsevec as halfvec) with function sparsevec_to_halfvec(sparsevec, integer, boolean) as assignment;
create cast (vector as sparsevec) with function vector_to_sparsevec(vector, integer, boolean) as implicit;
create cast (halfvec as sparsevec) with function halfvec_to_sparsevec(halfvec, integer, boolean) as implicit;
create cast (real[] as sparsevec)
  with function array_to_sparsevec(real[], integer, boolean) as assignment;
create cast (double precision[] as sparsevec)
  with function array_to_sparsevec(double precision[], integer, boolean) as assignment;
create cast (numeric[] as sparsevec)
  with function array_to_sparsevec(numeric[], integer, boolean) as assignment;
create cast (integer[] as sparsevec)
  with function array_to_sparsevec(integer[], integer, boolean) as assignment;

create function l2_distance(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return _sparsevec_measure($1, $2, 'euclidean');
create function sparsevec_l2_squared_distance(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return _sparsevec_measure($1, $2, 'squared');
create function inner_product(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return _sparsevec_measure($1, $2, 'product');
create function sparsevec_negative_inner_product(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return - _sparsevec_measure($1, $2, 'product');
create function cosine_distance(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return _sparsevec_measure($1, $2, 'cosine');
create function l1_distance(sparsevec, sparsevec) returns float8 language sql immutable strict parallel safe
return _sparsevec_measure($1, $2, 'taxicab');

create operator <-> (leftarg = sparsevec, rightarg = sparsevec, function = l2_distance, commutator = <->);
create operator <#> (leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_negative_inner_product, commutator = <#>);
create operator <=> (leftarg = sparsevec, rightarg = sparsevec, function = cosine_distance, commutator = <=>);
create operator <+> (leftarg = sparsevec, rightarg = sparsevec, function = l1_distance, commutator = <+>);

create function l2_norm(sparsevec) returns float8 language sql immutable strict parallel safe
return sqrt(_sparsevec_measure($1, $1, 'product'));
create function l2_normalize(sparsevec) returns sparsevec language sql immutable strict parallel safe
begin atomic
  select _sparsevec_make(
    dimensions,
    indices,
    array(
      select (number / l2_norm($1))::real from unnest(indices, numbers) as element(index, number) order by index
    ),
    -1
  )
  from _sparsevec_parse($1);
end;

-- Bit strings ---------------------------------------------------------------------------------------------------------

create function pg_catalog._vector_same_length(a bit, b bit) returns boolean
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  if length(a) <> length(b) then
    raise data_exception using message = format('different bit lengths %s and %s', length(a), length(b));
  end if;
  return true;
end
$$;

create function hamming_distance(bit, bit) returns float8 language sql immutable strict parallel safe
return case
  when length($1) = length($2) or _vector_same_length($1, $2) then bit_count($1 # $2)::float8
end;
create function jaccard_distance(bit, bit) returns float8 language sql immutable strict parallel safe
return case
  when (length($1) = length($2) or _vector_same_length($1, $2)) and bit_count($1 & $2) > 0
    then 1 - bit_count($1 & $2)::float8 / bit_count($1 | $2)
  else 1
end;
create operator <~> (leftarg = bit, rightarg = bit, function = hamming_distance, commutator = <~>);
create operator <%> (leftarg = bit, rightarg = bit, function = jaccard_distance, commutator = <%>);

-- Order ---------------------------------------------------------------------------------------------------------------

create function halfvec_cmp(halfvec, halfvec) returns integer language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2));
create function halfvec_lt(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) < 0;
create function halfvec_le(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) <= 0;
create function halfvec_eq(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) = 0;
create function halfvec_ne(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) <> 0;
create function halfvec_ge(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) >= 0;
create function halfvec_gt(halfvec, halfvec) returns boolean language sql immutable strict parallel safe
return btarraycmp(_halfvec_floats($1), _halfvec_floats($2)) > 0;
create operator < (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_lt, commutator = >, negator = >=,
  restrict = scalarltsel, join = scalarltjoinsel
);
create operator <= (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_le, commutator = >=, negator = >,
  restrict = scalarlesel, join = scalarlejoinsel
);
create operator = (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_eq, commutator = =, negator = <>,
  restrict = eqsel, join = eqjoinsel
);
create operator <> (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_ne, commutator = <>, negator = =,
  restrict = neqsel, join = neqjoinsel
);
create operator >= (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_ge, commutator = <=, negator = <,
  restrict = scalargesel, join = scalargejoinsel
);
create operator > (
  leftarg = halfvec, rightarg = halfvec, function = halfvec_gt, commutator = <, negator = <=,
  restrict = scalargtsel, join = scalargtjoinsel
);
create operator class halfvec_ops default for type halfvec using btree as
  operator 1 <,
  operator 2 <=,
  operator 3 =,
  operator 4 >=,
  operator 5 >,
  function 1 halfvec_cmp(halfvec, halfvec);

create function sparsevec_cmp(sparsevec, sparsevec) returns integer language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2);
create function sparsevec_lt(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) < 0;
create function sparsevec_le(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) <= 0;
create function sparsevec_eq(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) = 0;
create function sparsevec_ne(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) <> 0;
create function sparsevec_ge(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) >= 0;
create function sparsevec_gt(sparsevec, sparsevec) returns boolean language sql immutable strict parallel safe
return _sparsevec_cmp($1, $2) > 0;
create operator < (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_lt, commutator = >, negator = >=,
  restrict = scalarltsel, join = scalarltjoinsel
);
create operator <= (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_le, commutator = >=, negator = >,
  restrict = scalarlesel, join = scalarlejoinsel
);
create operator = (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_eq, commutator = =, negator = <>,
  restrict = eqsel, join = eqjoinsel
);
create operator <> (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_ne, commutator = <>, negator = =,
  restrict = neqsel, join = neqjoinsel
);
create operator >= (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_ge, commutator = <=, negator = <,
  restrict = scalargesel, join = scalargejoinsel
);
create operator > (
  leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_gt, commutator = <, negator = <=,
  restrict = scalargtsel, join = scalargtjoinsel
);
create operator class sparsevec_ops default for type sparsevec using btree as
  operator 1 <,
  operator 2 <=,
  operator 3 =,
  operator 4 >=,
  operator 5 >,
  function 1 sparsevec_cmp(sparsevec, sparsevec);

-- Index methods: accepted, as for vector, and used by no query -----------------------------------------------------------

create function halfvec_same_bytes(halfvec, halfvec) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create function halfvec_hash_bytes(halfvec) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create operator ~=~ (leftarg = halfvec, rightarg = halfvec, function = halfvec_same_bytes, commutator = ~=~);
create function sparsevec_same_bytes(sparsevec, sparsevec) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create function sparsevec_hash_bytes(sparsevec) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create operator ~=~ (leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_same_bytes, commutator = ~=~);
create function bit_hash_bytes(bit) returns integer
language internal immutable strict parallel safe as 'hashvarlena';

create operator class halfvec_l2_ops for type halfvec using hnsw as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_ip_ops for type halfvec using hnsw as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_cosine_ops for type halfvec using hnsw as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_l1_ops for type halfvec using hnsw as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_l2_ops default for type halfvec using ivfflat as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_ip_ops for type halfvec using ivfflat as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class halfvec_cosine_ops for type halfvec using ivfflat as
  operator 1 ~=~, function 1 halfvec_hash_bytes(halfvec);
create operator class sparsevec_l2_ops for type sparsevec using hnsw as
  operator 1 ~=~, function 1 sparsevec_hash_bytes(sparsevec);
create operator class sparsevec_ip_ops for type sparsevec using hnsw as
  operator 1 ~=~, function 1 sparsevec_hash_bytes(sparsevec);
create operator class sparsevec_cosine_ops for type sparsevec using hnsw as
  operator 1 ~=~, function 1 sparsevec_hash_bytes(sparsevec);
create operator class sparsevec_l1_ops for type sparsevec using hnsw as
  operator 1 ~=~, function 1 sparsevec_hash_bytes(sparsevec);
create operator class bit_hamming_ops for type bit using hnsw as
  operator 1 =, function 1 bit_hash_bytes(bit);
create operator class bit_jaccard_ops for type bit using hnsw as
  operator 1 =, function 1 bit_hash_bytes(bit);
create operator class bit_hamming_ops for type bit using ivfflat as
  operator 1 =, function 1 bit_hash_bytes(bit);

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
