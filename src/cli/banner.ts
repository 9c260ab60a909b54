import type { Preparation } from '../app/prepare.ts';
import type { StackInfo } from '../app/stack-info.ts';

/**
 * What a start prints. Keys and passwords are shown once, on the start that made them.
 *
 * @param elapsed milliseconds from the start of the command to serving
 */
export function banner(preparation: Preparation, info: StackInfo, elapsed: number): string {
  const { settings, generated, moved } = preparation;
  const publicUrl = settings.stack.publicUrl ?? info.url;
  const lines: string[] = [''];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(14)} ${text}`);
  lines.push(`  pmoves-supabase is serving (${(elapsed / 1_000).toFixed(2)} s)`, '');
  if (info.url) {
    row('API', publicUrl);
    row('Dashboard', `${publicUrl}/  (user ${settings.gateway.dashboardUsername})`);
  }
  const { database } = info;
  if (database.embedded)
    row(
      'Database',
      `postgresql://postgres:[POSTGRES_PASSWORD]@127.0.0.1:${settings.pooler.sessionPort ?? database.port}/${database.name}`,
    );
  if (info.mail === 'inbox') row('Mail', `no SMTP server is set: mails are kept in ${publicUrl}/inbox`);
  for (const { name, from, to } of moved)
    row('Port', `${from} was taken: ${name}=${to}, written to ${settings.writableFile}`);
  if (generated.length > 0) {
    lines.push('', `  Secrets were made and written to ${settings.writableFile}:`, '');
    row('anon key', settings.gateway.anonKey ?? '');
    row('service key', settings.gateway.serviceRoleKey ?? '');
    row('publishable', settings.gateway.publishableKey ?? '');
    row('secret', settings.gateway.secretKey ?? '');
    row('dashboard', settings.gateway.dashboardPassword ?? '');
    row('postgres', settings.stack.postgresPassword ?? '');
    lines.push('', '  They are not shown again; `npx pmoves-supabase keys` prints them.');
  }
  lines.push('', '  Next: npx pmoves-supabase status · psql · doctor · config', '');
  return lines.join('\n');
}
