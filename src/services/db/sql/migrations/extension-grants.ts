/** What the project's owner may do with `pg_cron`: everything, but the jobs themselves are changed by its functions alone. */
export const cronGrants = `
    grant usage on schema cron to postgres with grant option;
    grant all on all functions in schema cron to postgres with grant option;
    grant all on all tables in schema cron to postgres with grant option;
    grant all on all sequences in schema cron to postgres with grant option;
    alter default privileges in schema cron grant all on tables to postgres with grant option;
    alter default privileges in schema cron grant all on functions to postgres with grant option;
    alter default privileges in schema cron grant all on sequences to postgres with grant option;
    revoke all on table cron.job from postgres;
    grant select on table cron.job to postgres with grant option;`;

/** Who may ask `pg_net` for requests. */
export const netGrants =
  'grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;';
