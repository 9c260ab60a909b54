import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { type Egress, EgressError, type EgressRequest } from '#kernel/egress';
import { readClaims } from './claims-check.ts';
import { askServer } from './http-hook.ts';
import { readOutput, readReply } from './reply.ts';
import { parseHookSecret, signatureHeaders } from './signature.ts';
import { parseHookTarget } from './target.ts';

const secret = `v1,whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('where a hook lives', () => {
  it.each([
    ['https://hooks.example.com/x?y=1', 'http'],
    ['http://localhost:9999/x', 'http'],
    ['http://127.0.0.1/x', 'http'],
    ['http://[::1]:3000/', 'http'],
    ['http://host.docker.internal/x', 'http'],
    ['pg-functions://postgres/public/hook', 'database'],
  ])('%s', (uri, kind) => expect(parseHookTarget(uri, secret).kind).toBe(kind));

  it.each([
    ['', /https or pg-functions/],
    ['ftp://example.com', /https or pg-functions/],
    ['http://example.com/x', /only localhost/],
    ['http://localhost.evil.example/x', /only localhost/],
    ['https://user:word@example.com/', /must not carry/],
    ['pg-functions://postgres/public', /form/],
    ['pg-functions://postgres/public/hook/more', /form/],
    ['pg-functions://postgres/public/hook();drop', /form/],
    ['pg-functions://postgres/"public"/hook', /form/],
    [`pg-functions://postgres/public/${'x'.repeat(64)}`, /form/],
  ])('refuses %s', (uri, message) => expect(() => parseHookTarget(uri, secret)).toThrow(message));

  it('quotes what it will put into SQL', () => {
    expect(parseHookTarget('pg-functions://postgres/Auth_x/My_hook', '')).toMatchObject({
      functionName: '"Auth_x"."My_hook"',
    });
  });

  it('refuses secrets without saying them', () => {
    for (const bad of [
      'whsec_abc',
      'v1,whsec_short',
      `v1,whsec_${'!'.repeat(40)}`,
      'v1a,whpk_x:whsk_YWJj',
      `${secret}|`,
    ])
      expect(() => parseHookTarget('https://example.com', bad)).toThrow(/must be v1,whsec_/);
    try {
      parseHookSecret('v1,whsec_tooshort');
    } catch (error) {
      expect((error as Error).message).not.toContain('tooshort');
    }
  });
});

describe('signatures', () => {
  it('are taken by another implementation, for every body and any number of secrets', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.array(fc.uint8Array({ minLength: 24, maxLength: 64 }), { minLength: 1, maxLength: 3 }),
        (body, keys) => {
          const texts = keys.map((key) => Buffer.from(key).toString('base64'));
          const signers = texts.map((text) => parseHookSecret(`v1,whsec_${text}`));
          const headers = signatureHeaders(signers, 'some-id', Date.now(), body);
          for (const text of texts) new Webhook(text).verify(body, headers);
          expect(() => new Webhook(texts[0] as string).verify(`${body} `, headers)).toThrow();
        },
      ),
    );
  });

  it('can be Ed25519 (v1a)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d as string, 'base64url');
    const point = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
    for (const key of [seed, Buffer.concat([seed, point])]) {
      const signer = parseHookSecret(`v1a,whpk_${point.toString('base64')}:whsk_${key.toString('base64')}`);
      const [, signature = ''] = signer('message').split(',');
      expect(verify(null, Buffer.from('message'), createPublicKey(privateKey), Buffer.from(signature, 'base64'))).toBe(
        true,
      );
    }
  });

  it('are absent where there is no secret', () => {
    expect(signatureHeaders([], 'id', 1_000, '{}')).toEqual({ 'webhook-id': 'id', 'webhook-timestamp': '1' });
  });
});

describe('replies', () => {
  const reply = (status: number, body = '{}', contentType = 'application/json', retryAfter?: string) => ({
    status,
    body,
    contentType,
    retryAfter,
  });

  it('with JSON are the output; no content is an empty one', () => {
    expect(readReply(reply(200, '{"a":1}'))).toEqual({ a: 1 });
    expect(readReply(reply(202, '{"a":1}', 'application/JSON; charset=utf-8'))).toEqual({ a: 1 });
    expect(readReply(reply(204, '', ''))).toEqual({});
    expect(readReply(reply(200, 'null'))).toEqual({});
    expect(readReply(reply(429, '', '', '2'))).toBe('retry');
    expect(readReply(reply(503, '', '', 'true'))).toBe('retry');
  });

  it.each([
    [200, '{}', '', 'hook_payload_invalid_content_type', 400],
    [200, '{}', 'text/html', 'hook_payload_invalid_content_type', 400],
    [200, '{', 'application/json', 'unexpected_failure', 500],
    [200, '[]', 'application/json', 'unexpected_failure', 500],
    [200, '5', 'application/json', 'unexpected_failure', 500],
    [429, '', '', 'unexpected_failure', 500],
    [400, '{"error":{"message":"x"}}', 'application/json', 'unexpected_failure', 500],
    [301, '', '', 'unexpected_failure', 500],
    [500, '', '', 'unexpected_failure', 500],
  ])('%i %s %s is %s', (status, body, type, code, expected) => {
    expect(() => readReply(reply(status, body, type))).toThrow(expect.objectContaining({ code, status: expected }));
  });

  it.each([
    [{ error: { http_code: 403, message: 'no' } }, 403],
    [{ error: { message: 'no' } }, 500],
    [{ error: { http_code: 200, message: 'no' } }, 500],
    [{ error: { http_code: 999, message: 'no' } }, 500],
    [{ error: { http_code: '403', message: 'no' } }, 500],
    [{ error: { http_code: 403.5, message: 'no' } }, 500],
  ])('an error object %j', (output, status) => {
    expect(() => readOutput(output)).toThrow(expect.objectContaining({ code: 'hook_refused', status, message: 'no' }));
  });

  it('an error without a text is none', () => {
    expect(readOutput({ error: { http_code: 400, message: '' }, a: 1 })).toMatchObject({ a: 1 });
    expect(readOutput({ error: 'text' })).toEqual({ error: 'text' });
  });

  it('of any form are an output or an error of ours, never anything else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(fc.json(), fc.string()),
        fc.string(),
        (status, body, type) => {
          try {
            const output = readReply(reply(status, body, type));
            expect(typeof output).toMatch(/object|string/);
          } catch (error) {
            expect((error as Error).name).toBe('ServiceError');
            expect((error as { status: number }).status).toBeGreaterThanOrEqual(400);
          }
        },
      ),
    );
  });
});

describe('asking a server', () => {
  type Step = { status: number; retry?: string } | 'down' | 'large' | 'hang' | 'refused';
  function fake(steps: Step[]) {
    const seen: (EgressRequest & { url: string })[] = [];
    const egress: Egress = {
      async check() {},
      async request(url, request = {}) {
        seen.push({ ...request, url: String(url) });
        const step = steps[seen.length - 1] ?? 'down';
        if (step === 'down') throw new EgressError('unreachable', 'down');
        if (step === 'refused') throw new EgressError('refused', 'no');
        if (step === 'large') throw new EgressError('too-large', 'large');
        if (step === 'hang')
          return new Promise((_resolve, reject) =>
            request.signal?.addEventListener('abort', () => reject(new EgressError('aborted', 'late'))),
          );
        const headers = { 'content-type': 'application/json', ...(step.retry && { 'retry-after': step.retry }) };
        return { status: step.status, headers, body: Buffer.from('{"ok":true}'), url: String(url) };
      },
    };
    return { egress, seen };
  }
  const ask = (steps: Step[], total = 1_000) => {
    const { egress, seen } = fake(steps);
    const target = { url: 'https://example.com/x', signers: [parseHookSecret(secret)] };
    const patience = { total, attempts: 3, pause: 5 };
    return { seen, result: askServer(egress, target, { a: 1 }, () => Date.now(), patience) };
  };

  it('asks again when told to, and when nobody answers, each time with another signature', async () => {
    const { seen, result } = ask([{ status: 503, retry: '1' }, 'down', { status: 200 }]);
    expect(await result).toEqual({ ok: true });
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ headers }) => headers?.['webhook-id'])).size).toBe(3);
    expect(seen.every(({ redirects, byOperator, maxBytes }) => !redirects && byOperator && maxBytes === 204_800)).toBe(
      true,
    );
  });

  it.each<[Step[], string, number]>([
    [['down', 'down', 'down'], 'hook_timeout_after_retry', 3],
    [
      [
        { status: 429, retry: '1' },
        { status: 429, retry: '1' },
        { status: 429, retry: '1' },
      ],
      'hook_timeout_after_retry',
      3,
    ],
    [[{ status: 429 }], 'unexpected_failure', 1],
    [['large'], 'hook_payload_over_size_limit', 1],
    [['refused'], 'unexpected_failure', 1],
    [[{ status: 500 }], 'unexpected_failure', 1],
  ])('gives up: %j', async (steps, code, calls) => {
    const { seen, result } = ask(steps);
    await expect(result).rejects.toMatchObject({ code });
    expect(seen).toHaveLength(calls);
  });

  it('does not wait beyond its time, while asking or between', async () => {
    await expect(ask(['hang'], 30).result).rejects.toMatchObject({ code: 'hook_timeout', status: 422 });
    const { egress } = fake(['down', 'down', 'down']);
    const late = askServer(egress, { url: 'https://x.example', signers: [] }, {}, Date.now, {
      total: 30,
      attempts: 3,
      pause: 5_000,
    });
    await expect(late).rejects.toMatchObject({ code: 'hook_timeout' });
  });
});

describe('claims of a hook', () => {
  const claims = {
    aud: 'authenticated',
    exp: 2,
    iat: 1,
    sub: 'x',
    email: '',
    phone: '',
    role: 'authenticated',
    aal: 'aal1',
    session_id: 'x',
    is_anonymous: false,
  };

  it('may have anything beside what must be there', () => {
    expect(readClaims({ claims: { ...claims, amr: ['x'], deep: { a: [1] }, aud: ['a', 'b'] } })).toMatchObject({
      deep: {},
    });
  });

  it('that lack something or have another type are refused', () => {
    for (const name of Object.keys(claims)) {
      const { [name as keyof typeof claims]: _, ...rest } = claims;
      expect(() => readClaims({ claims: rest })).toThrow(`${name} is required`);
      expect(() => readClaims({ claims: { ...claims, [name]: { no: 1 } } })).toThrow(`${name} has the wrong type`);
      expect(() => readClaims({ claims: { ...claims, [name]: null } })).toThrow(name);
    }
    for (const wrong of [{ amr: [1] }, { amr: 'x' }, { app_metadata: [] }, { exp: Number.NaN }])
      expect(() => readClaims({ claims: { ...claims, ...wrong } })).toThrow(/expected schema/);
    for (const none of [{}, { claims: [] }, { claims: 'x' }, { claims: null }])
      expect(() => readClaims(none)).toThrow('output claims field is missing');
  });
});
