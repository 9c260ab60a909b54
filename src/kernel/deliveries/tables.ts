/** The channel on which new deliveries are told; the payload is the queue's name. */
export const deliveryChannel = 'pmoves_deliveries';

/**
 * Tables of deliveries in schema `_pmoves`, and the function that adds one. It runs in the transaction of whoever calls it: a
 * delivery exists when that is committed, and only then. May be run again.
 */
export const deliveryTables = `
create schema if not exists _pmoves;
create table if not exists _pmoves.deliveries (
  id bigint generated always as identity primary key,
  queue text not null,
  target text not null,
  payload jsonb not null,
  attempts integer not null default 0,
  due timestamptz not null default now(),
  created_at timestamptz not null default now(),
  delivered_at timestamptz
);
create index if not exists deliveries_due on _pmoves.deliveries (queue, due) where delivered_at is null;
create index if not exists deliveries_delivered on _pmoves.deliveries (delivered_at) where delivered_at is not null;
create table if not exists _pmoves.dead_letters (
  id bigint primary key,
  queue text not null,
  target text not null,
  payload jsonb not null,
  attempts integer not null,
  created_at timestamptz not null,
  died_at timestamptz not null default now()
);
create index if not exists dead_letters_died on _pmoves.dead_letters (died_at);
create table if not exists _pmoves.delivery_attempts (
  id bigint generated always as identity primary key,
  delivery bigint not null,
  number integer not null,
  ended_at timestamptz not null default now(),
  milliseconds integer,
  status integer,
  error text
);
create index if not exists delivery_attempts_delivery on _pmoves.delivery_attempts (delivery);
create or replace function _pmoves.enqueue_delivery(queue text, target text, payload jsonb) returns bigint
language plpgsql set search_path = '' as $$
declare
  made bigint;
begin
  insert into _pmoves.deliveries (queue, target, payload)
  values (enqueue_delivery.queue, enqueue_delivery.target, enqueue_delivery.payload) returning id into made;
  perform pg_catalog.pg_notify('${deliveryChannel}', enqueue_delivery.queue);
  return made;
end
$$;
`;
