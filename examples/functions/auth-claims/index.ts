// Reads the caller's profile with the service key: what a token claims is looked up before it is believed.
import { createClient } from 'npm:@supabase/supabase-js@2';

const admin = createClient(Deno.env.get('SUPABASE_URL') ?? '', Deno.env.get('SUPABASE_SERVICE_ROLE_KEY') ?? '', {
  auth: { persistSession: false },
});

Deno.serve(async (request) => {
  const token = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? '';
  const { data, error } = await admin.auth.getUser(token);
  if (error) return Response.json({ error: error.message }, { status: 401 });
  const profile = await admin.from('user_profiles').select('*').eq('id', data.user.id).maybeSingle();
  if (profile.error) return Response.json({ error: profile.error.message }, { status: 500 });
  return Response.json({ sub: data.user.id, role: data.user.role, claims: profile.data ?? {} });
});
