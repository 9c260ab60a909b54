import { catalogueOf, defineErrors } from '#kernel/errors';

/** What the studio room can answer with, as `{"code":…,"message":…}`. */
export const studioErrors = catalogueOf({
  400: {
    invalid_request: 'The request is not understood',
    unknown_setting: 'There is no such setting to change',
    settings_refused: 'The settings cannot be used',
    mail_refused: 'The mail cannot be sent',
    weak_password: 'A password has at least 12 characters',
    no_passkey_origin: 'Passkeys need a name in the address, with HTTPS or localhost',
  },
  401: {
    signed_out: 'Sign in to the dashboard first',
    wrong_credentials: 'Wrong name or password',
    code_needed: 'Enter the code of your authenticator app',
    wrong_code: 'That code is wrong or was used before',
    wrong_passkey: 'That passkey is not known here, or the request took too long',
  },
  403: {
    foreign_origin: 'The request comes from another site',
    role_too_low: 'Your role does not allow this',
  },
  404: {
    not_found: 'Not Found',
    no_user: 'There is no such user',
    path_not_offered: 'The dashboard does not pass this on',
  },
  409: {
    sealed_elsewhere: 'This was kept under another JWT_SECRET and cannot be read',
    name_taken: 'There is an operator of that name',
    too_many_passkeys: 'There are as many passkeys as STUDIO_PASSKEYS allows',
    too_many_operators: 'There are as many operators as STUDIO_OPERATORS allows',
    settings_account: 'This account belongs to DASHBOARD_USERNAME and DASHBOARD_PASSWORD; change it there',
  },
  422: { too_many_snippets: 'There are as many snippets as STUDIO_SNIPPETS allows' },
  429: { too_many_attempts: 'Too many attempts; wait a minute' },
  500: { internal: 'Internal Server Error' },
  502: { assistant_failed: "The assistant's service does not answer" },
  503: {
    no_assistant: 'There is no assistant; OPENAI_API_KEY sets one up',
    room_absent: 'This service does not run here',
    no_secret: 'This needs JWT_SECRET',
    not_built: 'The dashboard is not built; run npm run build',
    no_passwords: 'Accounts of their own need the auth service, which does not run here',
  },
});

/** Builds one of the room's errors. */
export const studioError = defineErrors(studioErrors);
