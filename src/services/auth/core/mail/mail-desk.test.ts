import { describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { type AuthSettings, authSettings, mailKinds } from '../../settings.ts';
import type { Mail } from './mail.ts';
import { createMailDesk } from './mail-desk.ts';

const { values } = resolveSettings(authSettings, {
  env: { SITE_URL: 'https://app.example.com' },
  files: [],
  alone: false,
});

function desk() {
  const sent: Mail[] = [];
  const transport = { delivery: 'inbox', send: async (mail: Mail) => void sent.push(mail), close() {} } as const;
  return { ...createMailDesk(values as AuthSettings, transport), sent };
}

describe('the desk of those who write mails', () => {
  it('fills in every built-in template, with the variables it says there are', () => {
    const { standard, preview } = desk();
    expect(standard.map(({ kind }) => kind)).toEqual([...mailKinds]);
    for (const draft of standard) {
      const { subject, html } = preview(draft);
      expect(`${subject}${html}`).not.toContain('{{');
      expect(html).not.toContain('&lt;no value&gt;');
    }
  });

  it('escapes what is filled in, and keeps the subject on one line', () => {
    const { preview } = desk();
    const draft = {
      kind: 'invite',
      subject: 'For {{ .Data.full_name }}\nBcc: x',
      body: '<p>{{ .Data }}</p>{{ "<b>" }}',
    };
    expect(preview(draft).subject).toBe('For Ann Example Bcc: x');
    expect(preview(draft).html).toContain('&lt;b&gt;');
  });

  it('says what is wrong with a draft', () => {
    const { preview } = desk();
    const draft = { kind: 'invite', subject: '', body: '{{ if }}' };
    expect(() => preview(draft)).toThrow(/^The body is no template: /);
    expect(() => preview({ ...draft, kind: 'constructor' })).toThrow('There are no mails of kind constructor');
  });

  it('sends a test mail by the way all mails go', async () => {
    const { send, sent } = desk();
    await send({ kind: 'recovery', subject: 'Try', body: '<i>{{ .Token }}</i>' }, 'me@example.com');
    expect(sent).toEqual([
      { kind: 'recovery', to: 'me@example.com', subject: 'Try', html: '<i>123456</i>', headers: {} },
    ]);
  });
});
