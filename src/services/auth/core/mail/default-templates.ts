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
    body: '<h2>Your password has been changed</h2>\n\n<p>The password of your account {{ .Email }} has been changed.</p>\n<p>If you did not make this change, reset your password at once.</p>\n',
  },
  email_changed_notification: {
    subject: 'Your email address has been changed',
    body: '<h2>Your email address has been changed</h2>\n\n<p>The email address of your account has been changed from {{ .OldEmail }} to {{ .Email }}.</p>\n<p>If you did not make this change, contact support at once.</p>\n',
  },
  phone_changed_notification: {
    subject: 'Your phone number has been changed',
    body: '<h2>Your phone number has been changed</h2>\n\n<p>The phone number of your account {{ .Email }} has been changed from {{ .OldPhone }} to {{ .Phone }}.</p>\n<p>If you did not make this change, contact support at once.</p>\n',
  },
};
