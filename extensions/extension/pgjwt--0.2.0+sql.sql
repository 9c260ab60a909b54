-- Names are bound when the functions are made, so that they work whatever the caller's search_path is.

create function url_encode(data bytea) returns text language sql immutable strict parallel safe
return translate(encode(data, 'base64'), E'+/=\n', '-_');

create function url_decode(data text) returns bytea language sql immutable strict parallel safe
return decode(
  rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='),
  'base64'
);

create function algorithm_sign(signables text, secret text, algorithm text) returns text
language sql immutable parallel safe
return url_encode(hmac(
  signables,
  secret,
  case algorithm when 'HS256' then 'sha256' when 'HS384' then 'sha384' when 'HS512' then 'sha512' else '' end
));

create function sign(payload json, secret text, algorithm text default 'HS256') returns text
language sql immutable parallel safe
begin atomic
  with signable as (
    select
      url_encode(convert_to(format('{"alg":"%s","typ":"JWT"}', algorithm), 'UTF8'))
      || '.'
      || url_encode(convert_to(payload::text, 'UTF8')) as text
  )
  select signable.text || '.' || algorithm_sign(signable.text, secret, algorithm) from signable;
end;

create function try_cast_double(inp text) returns double precision language plpgsql immutable as $$
begin
  return inp::double precision;
exception when others then
  return null;
end
$$;

create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean) language sql stable
begin atomic
  select
    jwt.header,
    jwt.payload,
    jwt.signature_ok
      and tstzrange(
        to_timestamp(try_cast_double(jwt.payload ->> 'nbf')),
        to_timestamp(try_cast_double(jwt.payload ->> 'exp'))
      ) @> current_timestamp
  from (
    select
      convert_from(url_decode(parts[1]), 'UTF8')::json as header,
      convert_from(url_decode(parts[2]), 'UTF8')::json as payload,
      parts[3] = algorithm_sign(parts[1] || '.' || parts[2], secret, algorithm) as signature_ok
    from string_to_array(token, '.') as parts
  ) as jwt;
end;
