export {
  defineErrors,
  type ErrorCatalogue,
  type ErrorDetails,
  type ErrorEntry,
  ServiceError,
} from './service-error.ts';
export { StartupError } from './startup-error.ts';
