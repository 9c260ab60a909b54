import type { FastifyReply } from '#kernel/http';
import { renderPage } from '../core/page.ts';
import type { StudioPorts } from '../ports.ts';
import type { StudioSettings } from '../settings.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** `GET /` and every other page: the state of the services, until the dashboard itself is there. */
export function homeRoute(settings: StudioSettings, ports: StudioPorts) {
  return async (_request: unknown, reply: FastifyReply): Promise<string> => {
    const services = await ports.health();
    void reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('cache-control', 'no-store');
    return renderPage({ organization: settings.organization, project: settings.project, services });
  };
}
