-- Everybody signed in has todos of their own.
create table if not exists my_todos (
  id bigint generated always as identity primary key,
  owner uuid not null default auth.uid() references auth.users (id) on delete cascade,
  task text not null check (task <> ''),
  done boolean not null default false
);
alter table my_todos enable row level security;
drop policy if exists own on my_todos;
create policy own on my_todos to authenticated
  using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
