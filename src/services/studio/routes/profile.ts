/**
 * `GET /api/platform/profile`: the compose file's health probe of Studio and the first call of tools that speak to it.
 * One operator, as self-hosted Studio has it.
 */
export function profileRoute() {
  return async () => ({
    id: 1,
    primary_email: 'supabase@localhost',
    username: 'supabase',
    first_name: 'Supabase',
    last_name: '',
    is_alpha_user: false,
    is_sso_user: false,
    disabled_features: [],
    free_project_limit: 2,
  });
}
