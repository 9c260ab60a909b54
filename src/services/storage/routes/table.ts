import { bucketRoutes } from './buckets.ts';
import { downloadRoutes, infoRoutes, plainDownloadRoutes } from './download.ts';
import { listRoutes, objectRoutes } from './objects.ts';
import { renderRoutes } from './render.ts';
import type { Route } from './route.ts';
import { serviceRoutes } from './service.ts';
import { signRoutes } from './sign.ts';
import { plainUploadRoutes, uploadRoutes } from './upload.ts';

/** All endpoints of the REST interface; the first that fits wins, so that those with a name of their own come first. */
export const routes = (protocols: readonly Route[]): readonly Route[] => [
  ...serviceRoutes,
  ...protocols,
  ...bucketRoutes,
  ...uploadRoutes,
  ...signRoutes,
  ...listRoutes,
  ...objectRoutes,
  ...infoRoutes,
  ...downloadRoutes,
  ...renderRoutes,
  ...plainUploadRoutes,
  ...plainDownloadRoutes,
];
