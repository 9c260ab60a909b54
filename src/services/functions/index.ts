export type { FunctionLogEntry, InvocationEntry, JournalEntry } from './core/events/journal.ts';
export { type FunctionsProject, openFunctionsProject } from './core/project.ts';
export { type FunctionsApi, type FunctionsDeps, functionsRoom } from './create.ts';
export { functionsErrors } from './errors.ts';
export type { FunctionsPorts, StackAddress } from './ports.ts';
export { type FunctionsSettings, functionsSettings } from './settings.ts';
