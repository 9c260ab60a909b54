import { fileRoutes } from './files.ts';
import { functionRoutes } from './functions.ts';
import { journalRoutes } from './journal.ts';
import type { ManagementRoute } from './route.ts';
import { secretRoutes } from './secrets.ts';
import { triggerRoutes } from './triggers.ts';

/** Every endpoint of the management interface; the first that fits answers. */
export const managementRoutes: readonly ManagementRoute[] = [
  ...journalRoutes,
  ...fileRoutes,
  ...secretRoutes,
  ...triggerRoutes,
  ...functionRoutes,
];
