import { describe, expect, it, vi } from 'vitest';
import { startMailServer } from '../../../test/support/mail-server.ts';
import { startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';

describe('mail by SMTP', () => {
  it('goes out with the sender, the subject and the headers that settings name', async () => {
    const server = await startMailServer();
    const auth = await startAuth({
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(server.port),
      SMTP_ADMIN_EMAIL: 'no-reply@example.com',
      SMTP_SENDER_NAME: 'Team "A"',
      GOTRUE_SMTP_HEADERS: '{"x-type":["$messageType"]}',
      GOTRUE_MAILER_SUBJECTS_CONFIRMATION: 'Hello {{ .Data.name }}',
    });
    expect(auth.room.api.mailDelivery()).toBe('smtp');
    const reply = await auth.post('/signup', {
      email: 'ann+x@example.com',
      password,
      data: { name: 'Ann\r\nBcc: evil@example.com' },
    });
    expect(reply.status).toBe(200);
    await vi.waitFor(() => expect(server.messages).toHaveLength(1));
    const [head = '', ...body] = (server.messages[0] as string).split('\n\n');
    expect(head).toMatch(/^From: "Team \\"A\\"" <no-reply@example\.com>$/m);
    expect(head).toMatch(/^To: ann\+x@example\.com$/m);
    expect(head).toMatch(/^Subject: Hello Ann Bcc: evil@example\.com$/m);
    expect(head).not.toMatch(/^Bcc:/m);
    expect(head).toMatch(/^X-Type: confirmation$/im);
    expect(body.join('\n\n').replace(/=\n/g, '')).toContain('/auth/v1/verify?token=3D');
    expect(auth.mails()).toEqual([]);
    await auth.stop();
    await server.stop();
  });

  it('that fails is an error where mails are not kept, and the next try need not wait', async () => {
    const server = await startMailServer();
    server.answer = '550 no such user';
    const auth = await startAuth({
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(server.port),
      STACK_AUTH_MAIL_QUEUE: 'off',
    });
    const refused = await auth.post('/signup', { email: 'ann@example.com', password });
    expect(refused).toMatchObject({
      status: 500,
      body: { code: 'unexpected_failure', message: 'Error sending confirmation email' },
    });
    server.answer = '250 OK';
    expect(await auth.post('/signup', { email: 'ann@example.com', password })).toMatchObject({ status: 200 });
    expect(server.messages).toHaveLength(1);
    await auth.stop();
    await server.stop();
  });

  it('stops at thirty an hour unless settings say otherwise', async () => {
    const server = await startMailServer();
    const auth = await startAuth({ SMTP_HOST: '127.0.0.1', SMTP_PORT: String(server.port), SMTP_MAX_FREQUENCY: '0s' });
    await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email: 'ann@example.com', password, email_confirm: true },
    });
    const statuses = new Map<number, number>();
    for (let index = 0; index < 32; index++) {
      const { status } = await auth.post('/recover', { email: 'ann@example.com' });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [200, 30],
      [429, 2],
    ]);
    await auth.stop();
    await server.stop();
  });

  it('goes to the inbox when the sample host is nowhere', async () => {
    const auth = await startAuth({ SMTP_HOST: 'supabase-mail', SMTP_PORT: '2500' });
    expect(auth.room.api.mailDelivery()).toBe('inbox');
    await auth.stop();
  });
});
