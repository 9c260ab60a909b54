export type { CapturedMail } from './core/mail/inbox.ts';
export type { MailDesk } from './core/mail/mail-desk.ts';
export { type LiveGroup, type LiveSection, liveSettings } from './core/settings/live.ts';
export { reloadSignalName } from './core/settings/reloading.ts';
export { openUserTransfer, type UserTransfer } from './core/transfer/transfer.ts';
export { type AuthApi, type AuthCredentials, type AuthDeps, authRoom } from './create.ts';
export type { AuthPorts } from './ports.ts';
export { type AuthSettings, authSettings } from './settings.ts';
export { type ProbeResult, probeMailServer } from './wire/smtp-probe.ts';
