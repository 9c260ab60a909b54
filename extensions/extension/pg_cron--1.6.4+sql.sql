create schema cron;

create sequence cron.jobid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default inet_server_port(),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
grant select on cron.job to public;

create sequence cron.runid_seq;
create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
grant select, delete on cron.job_run_details to public;

-- Every entry point ends here until jobs are run.
create function cron._not_served(function_name text) returns bigint language plpgsql as $$
begin
  raise feature_not_supported using
    message = format('cron.%s is not served yet', function_name),
    hint = 'Scheduled jobs are not run by this release.';
end
$$;

create function cron.schedule(schedule text, command text) returns bigint language plpgsql as $$
begin
  return cron._not_served('schedule');
end
$$;

create function cron.schedule(job_name text, schedule text, command text) returns bigint language plpgsql as $$
begin
  return cron._not_served('schedule');
end
$$;

create function cron.schedule_in_database(
  job_name text,
  schedule text,
  command text,
  database text,
  username text default null,
  active boolean default true
) returns bigint language plpgsql as $$
begin
  return cron._not_served('schedule_in_database');
end
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void language plpgsql as $$
begin
  perform cron._not_served('alter_job');
end
$$;

create function cron.unschedule(job_id bigint) returns boolean language plpgsql as $$
begin
  perform cron._not_served('unschedule');
end
$$;

create function cron.unschedule(job_name text) returns boolean language plpgsql as $$
begin
  perform cron._not_served('unschedule');
end
$$;

revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public;
revoke all on function cron.alter_job(bigint, text, text, text, text, boolean) from public;
