import { boolean, integer, string } from '#kernel/config';

/** Settings of passwords: what they need, how they are hashed, and what changing one takes. */
export const passwordSettings = {
  passwordMinLength: integer({
    name: 'GOTRUE_PASSWORD_MIN_LENGTH',
    default: 6,
    min: 6,
    max: 72,
    help: 'Characters a password needs.',
  }),
  passwordRequiredCharacters: string({
    name: 'GOTRUE_PASSWORD_REQUIRED_CHARACTERS',
    help: 'Sets of characters divided by colons (\\: is a colon); a password needs one of each set.',
  }),
  passwordConcurrency: integer({
    name: 'STACK_AUTH_PASSWORD_CONCURRENCY',
    default: 0,
    min: 0,
    max: 128,
    help: 'Password hashes computed at a time; 0 is one less than there are processors.',
  }),
  passwordQueue: integer({
    name: 'STACK_AUTH_PASSWORD_QUEUE',
    default: 100,
    min: 0,
    help: 'Password hashes that may wait; the next request is answered 429.',
  }),
  reauthenticatePassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION',
    default: false,
    help: 'Changing a password in a session older than a day needs a code sent by mail.',
  }),
  requireCurrentPassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD',
    default: false,
    help: 'Changing a password needs the present one.',
  }),
};
