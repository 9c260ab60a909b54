import { bytes, duration, integer, type SettingsOf, string, url } from '#kernel/config';

/** The studio room's settings. */
export const studioSettings = {
  organization: string({
    name: 'STUDIO_DEFAULT_ORGANIZATION',
    original: ['DEFAULT_ORGANIZATION_NAME'],
    default: 'Default Organization',
    help: 'Organisation name shown in the dashboard.',
  }),
  project: string({
    name: 'STUDIO_DEFAULT_PROJECT',
    original: ['DEFAULT_PROJECT_NAME'],
    default: 'Default Project',
    help: 'Project name shown in the dashboard.',
  }),
  sessionIdle: duration({
    name: 'STUDIO_SESSION_IDLE',
    default: 12 * 3_600_000,
    min: 60_000,
    help: 'A dashboard session that nobody uses for so long ends.',
  }),
  sessionLifetime: duration({
    name: 'STUDIO_SESSION_LIFETIME',
    default: 7 * 86_400_000,
    min: 60_000,
    help: 'A dashboard session ends after this time at the latest.',
  }),
  sessionCheck: duration({
    name: 'STUDIO_SESSION_CHECK',
    default: 30_000,
    min: 50,
    help: 'How often it is looked whether the session of an open socket, or of an answer that goes on, is over; then it ends, too.',
  }),
  sessionsPerOperator: integer({
    name: 'STUDIO_SESSIONS_PER_OPERATOR',
    default: 20,
    min: 1,
    max: 1_000,
    help: 'Dashboard sessions an operator may have; a further one ends the one unused longest.',
  }),
  signInRate: integer({
    name: 'STUDIO_SIGN_IN_RATE',
    default: 10,
    min: 1,
    max: 10_000,
    help: 'Attempts to sign in to the dashboard a minute, from one address; three times as many for one name (429 beyond).',
  }),
  signInClients: integer({
    name: 'STUDIO_SIGN_IN_CLIENTS',
    default: 10_000,
    min: 100,
    max: 1_000_000,
    help: 'Addresses and names whose attempts are remembered.',
  }),
  operators: integer({
    name: 'STUDIO_OPERATORS',
    default: 100,
    min: 1,
    max: 10_000,
    help: 'Operator accounts at most.',
  }),
  passkeys: integer({
    name: 'STUDIO_PASSKEYS',
    default: 20,
    min: 0,
    max: 1_000,
    help: 'Passkeys an operator of the dashboard may have; 0 allows none.',
  }),
  auditRetention: duration({
    name: 'STUDIO_AUDIT_RETENTION',
    default: 90 * 86_400_000,
    min: 3_600_000,
    help: 'How long the audit log of the dashboard is kept.',
  }),
  settingsHistory: integer({
    name: 'STUDIO_SETTINGS_HISTORY',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Changes of settings by the dashboard that are kept, so that they can be undone.',
  }),
  snippetsFolder: string({
    name: 'SNIPPETS_MANAGEMENT_FOLDER',
    help: 'Folder of the SQL snippets; default is `snippets` in VOLUMES_DIR.',
  }),
  snippets: integer({
    name: 'STUDIO_SNIPPETS',
    default: 1_000,
    min: 1,
    max: 100_000,
    help: 'SQL snippets at most.',
  }),
  snippetSize: bytes({
    name: 'STUDIO_SNIPPET_SIZE',
    default: 256 * 1024,
    min: 1024,
    max: 512 * 1024,
    help: 'Size of one SQL snippet at most.',
  }),
  openaiKey: string({
    name: 'OPENAI_API_KEY',
    secret: true,
    help: "Key of the assistant's service; without one, the SQL editor has no assistant.",
  }),
  openaiUrl: url({
    name: 'OPENAI_BASE_URL',
    default: 'https://api.openai.com/v1',
    protocols: ['http', 'https'],
    help: "Base of the assistant's service: any that speaks OpenAI's Chat Completions.",
  }),
  assistantModel: string({
    name: 'STUDIO_ASSISTANT_MODEL',
    original: ['OPENAI_MODEL'],
    default: 'gpt-4.1-mini',
    minLength: 1,
    help: 'Model that answers as the assistant.',
  }),
  assistantTimeout: duration({
    name: 'STUDIO_ASSISTANT_TIMEOUT',
    default: 60_000,
    min: 1_000,
    max: 600_000,
    help: 'How long the assistant may take to answer.',
  }),
  assistantRate: integer({
    name: 'STUDIO_ASSISTANT_RATE',
    default: 20,
    min: 1,
    max: 10_000,
    help: 'Questions an operator may ask the assistant a minute (429 beyond).',
  }),
  assistantContext: integer({
    name: 'STUDIO_ASSISTANT_CONTEXT',
    default: 60_000,
    min: 1_000,
    max: 500_000,
    help: 'Characters the assistant is given at most: question, SQL and, with what is left, the tables.',
  }),
};

/** The studio room's parsed settings. */
export type StudioSettings = SettingsOf<typeof studioSettings>;
