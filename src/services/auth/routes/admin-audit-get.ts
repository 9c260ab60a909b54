import { pageHeaders, readPage } from '../core/admin/pages.ts';
import { wireTime } from '../core/instant.ts';
import { invalid } from '../errors.ts';
import { type AuditFilter, listAuditEntries } from '../sql/audit.ts';
import type { Route } from './route.ts';

// `query=author:someone`, `action:login` or `type:team`; upstream also takes several fields before the colon.
function readFilter(text: string | null): AuditFilter | undefined {
  if (text === null || text === '') return undefined;
  const mark = text.indexOf(':');
  const field = text.slice(0, Math.max(0, mark));
  if (field !== 'author' && field !== 'action' && field !== 'type') throw invalid(`Invalid query scope: ${field}`);
  return { field, value: text.slice(mark + 1) };
}

/** `GET /admin/audit`: a page of the audit log, newest first. */
export const adminAuditGet: Route = {
  method: 'GET',
  path: '/admin/audit',
  access: 'admin',
  private: true,
  async handle({ context, query, path }) {
    const page = readPage(query, context.settings.maxPageSize);
    const filter = readFilter(query.get('query'));
    const offset = (page.number - 1) * page.size;
    const { entries, total } = await listAuditEntries(context.db, filter, page.size, offset);
    const body = entries.map((entry) => ({
      id: entry.id,
      payload: entry.payload,
      created_at: entry.created_at === null ? null : wireTime(entry.created_at),
      ip_address: entry.ip_address,
    }));
    return { body, headers: pageHeaders(path, query, page, total) };
  },
};
