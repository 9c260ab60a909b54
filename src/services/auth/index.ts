export type { CapturedMail } from './core/mail/inbox.ts';
export { type AuthApi, type AuthDeps, authRoom } from './create.ts';
export type { AuthPorts } from './ports.ts';
export { type AuthSettings, authSettings } from './settings.ts';
