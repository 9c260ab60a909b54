-- A shop with a few busy customers and best-sellers, for about a million rows of made-up data.
-- Run as role postgres; it may be run again and starts over.
drop table if exists shop_reviews, shop_order_items, shop_orders, shop_products, shop_customers cascade;

create table shop_customers (
  id int primary key,
  name text not null,
  email text not null unique,
  country char(2) not null,
  interests text[] not null default '{}',
  preferences jsonb not null default '{}',
  joined_at timestamptz not null
);
create index on shop_customers (country);

create table shop_products (
  id int primary key,
  sku text not null unique,
  title text not null,
  description text not null,
  price numeric(10, 2) not null check (price > 0),
  tags text[] not null default '{}',
  attributes jsonb not null default '{}',
  discontinued boolean not null default false,
  search tsvector generated always as (to_tsvector('simple', title || ' ' || description)) stored
);
create index on shop_products using gin (tags);
create index on shop_products using gin (search);

create table shop_orders (
  id int primary key,
  customer_id int not null references shop_customers,
  status text not null check (status in ('placed', 'paid', 'shipped', 'delivered', 'returned', 'cancelled')),
  placed_at timestamptz not null,
  shipped_at timestamptz,
  shipping jsonb not null,
  note text
);
create index on shop_orders (customer_id);
create index on shop_orders (placed_at);

create table shop_order_items (
  order_id int not null references shop_orders,
  line int not null,
  product_id int not null references shop_products,
  quantity int not null check (quantity > 0),
  unit_price numeric(10, 2) not null,
  primary key (order_id, line)
);
create index on shop_order_items (product_id);

create table shop_reviews (
  id int primary key,
  product_id int not null references shop_products,
  customer_id int not null references shop_customers,
  stars int not null check (stars between 1 and 5),
  body text,
  helpful int[] not null default '{}',
  written_at timestamptz not null
);
create index on shop_reviews (product_id);

-- Anybody may look at the shop window; what people bought is for the service.
do $$
declare name text;
begin
  foreach name in array array['shop_customers', 'shop_products', 'shop_orders', 'shop_order_items', 'shop_reviews'] loop
    execute format('alter table %I enable row level security', name);
  end loop;
end $$;
create policy window_products on shop_products for select to anon, authenticated using (not discontinued);
create policy window_reviews on shop_reviews for select to anon, authenticated using (true);

create or replace function shop_revenue_by_month()
returns table (month date, orders bigint, revenue numeric) language sql stable as $$
  select date_trunc('month', o.placed_at at time zone 'UTC')::date, count(distinct o.id), sum(i.quantity * i.unit_price)
  from shop_orders o join shop_order_items i on i.order_id = o.id
  where o.status not in ('returned', 'cancelled') group by 1 order by 1
$$;

create or replace function shop_best_sellers(top int default 10)
returns table (product_id int, title text, sold bigint, stars numeric) language sql stable as $$
  select p.id, p.title, s.sold, (select round(avg(r.stars), 2) from shop_reviews r where r.product_id = p.id)
  from (select i.product_id, sum(i.quantity) as sold from shop_order_items i group by 1 order by 2 desc, 1 limit top) s
  join shop_products p on p.id = s.product_id order by s.sold desc, p.id
$$;
