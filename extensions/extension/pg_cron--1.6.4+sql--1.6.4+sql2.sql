-- Jobs are rows; the program beside the database runs them, in sessions of the roles they belong to. Every change of the
-- table notifies it.

select pg_extension_config_dump('cron.job', '');
select pg_extension_config_dump('cron.jobid_seq', '');
select pg_extension_config_dump('cron.job_run_details', '');
select pg_extension_config_dump('cron.runid_seq', '');

-- There is no port on a Unix socket.
alter table cron.job alter column nodeport set default coalesce(inet_server_port(), current_setting('port')::integer);
grant usage on sequence cron.jobid_seq to public;

-- Which moment of a job was dealt with last, so that of any number of nodes one runs it. `starting_until` covers the time
-- until the job's session shows.
create table cron._tick (
  jobid bigint primary key references cron.job (jobid) on delete cascade,
  last timestamptz not null,
  starting_until timestamptz
);

create function cron._is_schedule(schedule text) returns boolean
language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  text_ constant text := lower(btrim(schedule, E' \t'));
  seconds constant text := (regexp_match(text_, '^([0-9]{1,4})\s+seconds?$'))[1];
  fields constant text[] := regexp_split_to_array(text_, '[ \t]+');
  lowest constant integer[] := '{0,0,1,1,0}';
  highest constant integer[] := '{59,23,31,12,7}';
  months constant text[] := '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}';
  days constant text[] := '{sun,mon,tue,wed,thu,fri,sat}';
  field text;
  part text;
  found text[];
begin
  if seconds is not null then
    return seconds::integer between 1 and 59;
  elsif text_ in (
    '@reboot', '@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'
  ) then
    return true;
  elsif cardinality(fields) <> 5 then
    return false;
  end if;
  for place in 1..5 loop
    field := fields[place];
    if place = 4 then
      for number in 1..12 loop
        field := regexp_replace(field, '(^|[,-])' || months[number] || '(?![a-z0-9])', '\1' || number, 'g');
      end loop;
    elsif place = 5 then
      for number in 1..7 loop
        field := regexp_replace(field, '(^|[,-])' || days[number] || '(?![a-z0-9])', '\1' || (number - 1), 'g');
      end loop;
    end if;
    foreach part in array string_to_array(field, ',') loop
      continue when part = '$' and place = 3;
      found := regexp_match(part, '^(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?$');
      if found is null
        or found[3]::integer = 0
        or (found[3] is not null and found[1] is not null and found[2] is null)
        or found[1]::integer not between lowest[place] and highest[place]
        or found[2]::integer not between found[1]::integer and highest[place]
      then
        return false;
      end if;
    end loop;
  end loop;
  return true;
end
$$;

create function cron._check_job() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if not cron._is_schedule(new.schedule) then
    raise invalid_parameter_value using
      message = format('invalid schedule: %s', new.schedule),
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  elsif to_regrole(quote_ident(new.username)) is null then
    raise undefined_object using message = format('role "%s" does not exist', new.username);
  elsif not exists (select from pg_database where datname = new.database) then
    raise invalid_catalog_name using message = format('database "%s" does not exist', new.database);
  elsif not has_database_privilege(new.username, new.database, 'connect') then
    raise insufficient_privilege using
      message = format('User %s does not have CONNECT privilege on %s', new.username, new.database);
  end if;
  return new;
end
$$;

create function cron._wake() returns trigger language plpgsql as $$
begin
  perform pg_catalog.pg_notify('pg_cron', '');
  return null;
end
$$;

-- What is to run at the next start of the server does not run at this one.
create function cron._skip_this_start() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  insert into cron._tick as tick (jobid, last) values (new.jobid, pg_postmaster_start_time())
  on conflict (jobid) do update set last = greatest(tick.last, excluded.last);
  return null;
end
$$;

create trigger skip_this_start after insert or update of schedule on cron.job
  for each row when (new.schedule ~* '@reboot') execute function cron._skip_this_start();
create trigger check_job before insert or update on cron.job for each row execute function cron._check_job();
create trigger wake after insert or update or delete or truncate on cron.job
  for each statement execute function cron._wake();

-- The jobs that whoever asks may change. It is by this view that the functions below write, with the rights of their
-- caller: the table itself is for reading.
create view cron._own_job with (security_barrier = true) as
select jobid, schedule, command, database, username, active, jobname
from cron.job
where username = current_user or (select rolsuper from pg_roles where rolname = current_user)
with cascaded check option;
grant select, insert, update, delete on cron._own_job to public;

create or replace function cron.schedule(schedule text, command text) returns bigint language sql volatile as $$
  insert into cron._own_job (schedule, command, database, username, active)
  values (schedule.schedule, schedule.command, current_database(), current_user, true)
  returning jobid
$$;

-- A name that the caller's role has in use already gets the new schedule and command.
create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql volatile as $$
begin
  return cron.schedule_in_database(job_name, schedule, command, current_database(), current_user, null);
end
$$;

create or replace function cron.schedule_in_database(
  job_name text,
  schedule text,
  command text,
  database text,
  username text default null,
  active boolean default true
) returns bigint language plpgsql volatile as $$
#variable_conflict use_column
declare
  owner_ constant text := coalesce(schedule_in_database.username, current_user);
  id bigint;
begin
  if job_name is null then
    raise null_value_not_allowed using message = 'job_name can not be NULL';
  elsif owner_ <> current_user and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    raise insufficient_privilege using message = 'must be superuser to create a job for another role';
  end if;
  insert into cron._own_job as job (jobname, schedule, command, database, username, active)
  values (
    job_name,
    schedule_in_database.schedule,
    schedule_in_database.command,
    schedule_in_database.database,
    owner_,
    coalesce(schedule_in_database.active, true)
  )
  on conflict (jobname, username) do update set
    schedule = excluded.schedule,
    command = excluded.command,
    database = excluded.database,
    active = coalesce(schedule_in_database.active, job.active)
  returning jobid into id;
  return id;
end
$$;

create or replace function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void language plpgsql volatile as $$
#variable_conflict use_column
begin
  if alter_job.username <> current_user
    and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
  then
    raise insufficient_privilege using message = 'must be superuser to alter username';
  end if;
  update cron._own_job as job
  set
    schedule = coalesce(alter_job.schedule, job.schedule),
    command = coalesce(alter_job.command, job.command),
    database = coalesce(alter_job.database, job.database),
    username = coalesce(alter_job.username, job.username),
    active = coalesce(alter_job.active, job.active)
  where job.jobid = job_id;
  if not found then
    raise no_data_found using message = format('Job %s does not exist or you don''t own it', job_id);
  end if;
end
$$;

create or replace function cron.unschedule(job_id bigint) returns boolean language plpgsql volatile as $$
begin
  delete from cron._own_job as job where job.jobid = job_id;
  if not found then
    raise no_data_found using message = format('could not find valid entry for job %s', job_id);
  end if;
  return true;
end
$$;

create or replace function cron.unschedule(job_name text) returns boolean language plpgsql volatile as $$
begin
  delete from cron._own_job as job where job.jobname = job_name and job.username = current_user;
  if not found then
    raise no_data_found using message = format('could not find valid entry for job ''%s''', job_name);
  end if;
  return true;
end
$$;

drop function if exists cron._not_served(text);
revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public;
revoke all on function cron.alter_job(bigint, text, text, text, text, boolean) from public;

select pg_notify('pg_cron', '');
