export {
  catalogueOf,
  defineErrors,
  type ErrorCatalogue,
  type ErrorDetails,
  type ErrorEntry,
  type ErrorsByStatus,
  ServiceError,
} from './service-error.ts';
export { StartupError } from './startup-error.ts';
