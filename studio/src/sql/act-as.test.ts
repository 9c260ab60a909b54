import { expect, test } from 'vitest';
import { actAsSql, claimsOf } from './act-as.ts';

test('the transaction is that of the role, with the claims of its token', () => {
  expect(actAsSql(undefined)).toBe('');
  expect(actAsSql({ kind: 'anon' })).toBe(
    `set local request.jwt.claims = '{"role":"anon"}'; set local request.jwt.claim.sub = ''; set local request.jwt.claim.role = 'anon'; set local role anon;\n`,
  );
  const user = {
    kind: 'user',
    id: 'u1',
    email: "o'hara@example.com",
    claims: { sub: 'forged', app_metadata: { a: 1 } },
  } as const;
  expect(claimsOf(user)).toEqual({
    aud: 'authenticated',
    sub: 'u1',
    email: "o'hara@example.com",
    role: 'authenticated',
    app_metadata: { a: 1 },
  });
  expect(actAsSql(user)).toContain("o''hara@example.com");
  expect(actAsSql(user)).toMatch(/set local role authenticated;\n$/);
});
