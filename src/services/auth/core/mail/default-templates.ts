import type { MailKind } from '../../settings.ts';

/** Subject and body of a kind of mail. */
export interface MailTemplate {
  readonly subject: string;
  readonly body: string;
}

const action = (title: string, text: string, label: string): string => `<h2>${title}</h2>

<p>${text}</p>
<p><a href="{{ .ConfirmationURL }}">${label}</a></p>
<p>Alternatively, enter the code: {{ .Token }}</p>
`;

const told = (title: string, text: string, otherwise = 'contact support at once'): string => `<h2>${title}</h2>

<p>${text}</p>
<p>If you did not make this change, ${otherwise}.</p>
`;

/** What mails say unless settings say otherwise. */
export const defaultTemplates: Readonly<Record<MailKind, MailTemplate>> = {
  invite: {
    subject: 'You have been invited',
    body: action(
      'You have been invited',
      'You have been invited to create a user on {{ .SiteURL }}. Follow this link to accept the invite:',
      'Accept the invite',
    ),
  },
  confirmation: {
    subject: 'Confirm Your Email',
    body: action('Confirm your email', 'Follow this link to confirm your email address:', 'Confirm your email address'),
  },
  recovery: {
    subject: 'Reset Your Password',
    body: action('Reset password', 'Follow this link to reset the password for your user:', 'Reset password'),
  },
  magic_link: {
    subject: 'Your Magic Link',
    body: action('Magic link', 'Follow this link to log in:', 'Log in'),
  },
  email_change: {
    subject: 'Confirm Email Change',
    body: action(
      'Confirm change of email',
      'Follow this link to confirm the update of your email address from {{ .Email }} to {{ .NewEmail }}:',
      'Change email address',
    ),
  },
  reauthentication: {
    subject: '{{ .Token }} is your verification code',
    body: '<h2>Confirm reauthentication</h2>\n\n<p>Enter the code: {{ .Token }}</p>\n',
  },
  password_changed_notification: {
    subject: 'Your password has been changed',
    body: told(
      'Your password has been changed',
      'The password of your account {{ .Email }} has been changed.',
      'reset your password at once',
    ),
  },
  email_changed_notification: {
    subject: 'Your email address has been changed',
    body: told(
      'Your email address has been changed',
      'The email address of your account has been changed from {{ .OldEmail }} to {{ .Email }}.',
    ),
  },
  phone_changed_notification: {
    subject: 'Your phone number has been changed',
    body: told(
      'Your phone number has been changed',
      'The phone number of your account {{ .Email }} has been changed from {{ .OldPhone }} to {{ .Phone }}.',
    ),
  },
  identity_linked_notification: {
    subject: 'A new identity has been linked',
    body: told(
      'A new identity has been linked',
      'The identity {{ .Provider }} has been linked to your account {{ .Email }}.',
    ),
  },
  identity_unlinked_notification: {
    subject: 'An identity has been unlinked',
    body: told(
      'An identity has been unlinked',
      'The identity {{ .Provider }} has been unlinked from your account {{ .Email }}.',
    ),
  },
  mfa_factor_enrolled_notification: {
    subject: 'A new MFA factor has been enrolled',
    body: told(
      'A new MFA factor has been enrolled',
      'A new factor ({{ .FactorType }}) has been enrolled for your account {{ .Email }}.',
    ),
  },
  mfa_factor_unenrolled_notification: {
    subject: 'An MFA factor has been unenrolled',
    body: told(
      'An MFA factor has been unenrolled',
      'A factor ({{ .FactorType }}) has been unenrolled for your account {{ .Email }}.',
    ),
  },
};
