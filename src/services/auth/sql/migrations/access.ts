/**
 * Who may do what. Row level security without policies keeps API roles out of the older tables; `postgres` may read them
 * and hand that right on. Roles that do not exist here are passed over.
 */
export const access = `
do $$
declare
  guarded text;
begin
  foreach guarded in array array['audit_log_entries', 'flow_state', 'identities', 'instances', 'mfa_amr_claims',
    'mfa_challenges', 'mfa_factors', 'one_time_tokens', 'refresh_tokens', 'saml_providers', 'saml_relay_states',
    'schema_migrations', 'sessions', 'sso_domains', 'sso_providers', 'users']
  loop
    execute format('alter table auth.%I enable row level security', guarded);
    if to_regrole('postgres') is not null then
      execute format('grant select on auth.%I to postgres with grant option', guarded);
      if guarded <> 'schema_migrations' then
        execute format('grant insert, update, delete, truncate, references, trigger on auth.%I to postgres', guarded);
      end if;
    end if;
    if to_regrole('dashboard_user') is not null and guarded <> 'schema_migrations' then
      execute format('grant all on auth.%I to dashboard_user', guarded);
    end if;
  end loop;
  if to_regrole('postgres') is not null then
    grant all on sequence auth.refresh_tokens_id_seq to postgres;
    revoke insert, update, delete, truncate, references, trigger on auth.schema_migrations from postgres;
  end if;
  if to_regrole('dashboard_user') is not null then
    grant all on sequence auth.refresh_tokens_id_seq to dashboard_user;
    revoke all on auth.schema_migrations from dashboard_user;
  end if;
end
$$;
`;
