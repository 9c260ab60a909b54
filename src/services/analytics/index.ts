export { type AnalyticsDeps, analyticsRoom } from './create.ts';
export { analyticsErrors } from './errors.ts';
export type { AnalyticsApi, AnalyticsPorts } from './ports.ts';
export { type AnalyticsSettings, analyticsSettings } from './settings.ts';
