import type { FastifyInstance } from '#kernel/http';
import type { StudioPorts } from '../ports.ts';
import type { StudioSettings } from '../settings.ts';
import { homeRoute } from './home.ts';
import { profileRoute } from './profile.ts';

/** All routes of the studio room. */
export function bindRoutes(app: FastifyInstance, settings: StudioSettings, ports: StudioPorts): void {
  app.get('/api/platform/profile', profileRoute());
  app.get('/', homeRoute(settings, ports));
  app.get('/project/*', homeRoute(settings, ports));
}
