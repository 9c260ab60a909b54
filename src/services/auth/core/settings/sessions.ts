import { boolean, duration, integer, list, oneOf } from '#kernel/config';

/** Settings of sessions and of the refresh tokens that keep them going. */
export const sessionSettings = {
  refreshRotation: boolean({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED',
    default: true,
    help: 'Revoke the whole family when a used refresh token comes back.',
  }),
  refreshReuseInterval: integer({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL',
    default: 0,
    min: 0,
    help: 'Seconds in which a used refresh token is good for another one.',
  }),
  refreshAlgorithm: oneOf({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION',
    values: ['0', '1', '2'],
    default: '0',
    help: 'Form of the refresh tokens of new sessions: 0 and 1 are short texts kept in a table, 2 are signed and counted.',
  }),
  refreshUpgradePercentage: integer({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE',
    default: 0,
    min: 0,
    max: 100,
    help: 'Share of the sessions with tokens of form 1 that go over to form 2 when they are refreshed, while that is the form of new ones.',
  }),
  refreshAllowReuse: boolean({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE',
    default: false,
    help: 'Let used refresh tokens of form 2 come again at any time.',
  }),
  sessionTimebox: duration({
    name: 'GOTRUE_SESSIONS_TIMEBOX',
    min: 1,
    help: 'Lifetime of a session, however active it is.',
  }),
  sessionInactivity: duration({
    name: 'GOTRUE_SESSIONS_INACTIVITY_TIMEOUT',
    min: 1,
    help: 'Time after which an unused session ends.',
  }),
  sessionSinglePerUser: boolean({
    name: 'GOTRUE_SESSIONS_SINGLE_PER_USER',
    default: false,
    help: 'Only the session refreshed last stays valid.',
  }),
  sessionTags: list({ name: 'GOTRUE_SESSIONS_TAGS', default: [], help: 'Session tags that are told apart.' }),
  sessionLowAal: duration({
    name: 'GOTRUE_SESSIONS_ALLOW_LOW_AAL',
    min: 1,
    help: 'Time a user with a second factor may stay signed in without it.',
  }),
};
