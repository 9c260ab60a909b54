import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertPolicy, parsePostPolicy } from './post-policy.ts';

const encode = (document: unknown) => Buffer.from(JSON.stringify(document)).toString('base64');
const expiration = '2030-01-01T00:00:00Z';
const now = Date.parse('2029-01-01T00:00:00Z');
const policyOf = (...conditions: unknown[]) => parsePostPolicy(encode({ expiration, conditions }));

describe('a policy', () => {
  it('lets a form pass that meets every condition', () => {
    const policy = policyOf(
      { bucket: 'b' },
      ['starts-with', '$key', 'user/'],
      ['eq', '$Content-Type', 'image/png'],
      ['content-length-range', 1, '10'],
      { 'x-amz-meta-n': 3 },
    );
    expect(policy.size).toEqual({ min: 1, max: 10 });
    const fields = new Map([
      ['bucket', 'b'],
      ['key', 'user/x'],
      ['content-type', 'image/png'],
      ['x-amz-meta-n', '3'],
      ['x-ignore-me', 'x'],
      ['policy', 'x'],
      ['x-amz-signature', 'x'],
    ]);
    expect(() => assertPolicy(policy, fields, now)).not.toThrow();
    for (const [name, value] of [
      ['bucket', 'c'],
      ['key', 'other/x'],
      ['content-type', 'image/png2'],
      ['x-amz-meta-n', '4'],
    ] as const)
      expect(() => assertPolicy(policy, new Map([...fields, [name, value]]), now)).toThrow(
        /^Invalid according to Policy: Policy Condition failed/,
      );
    const without = new Map(fields);
    without.delete('key');
    expect(() => assertPolicy(policy, without, now)).toThrow(/Policy Condition failed/);
    expect(() => assertPolicy(policy, new Map([...fields, ['acl', 'x']]), now)).toThrow(/Extra input fields: acl/);
    expect(() => assertPolicy(policy, fields, Date.parse(expiration))).toThrow(/Policy expired/);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', Buffer.from('{').toString('base64')],
    ['null', encode(null)],
    ['no expiration', encode({ conditions: [] })],
    ['an expiration in seconds', encode({ expiration: 1, conditions: [] })],
    ['no conditions', encode({ expiration })],
    ['a condition that is a text', encode({ expiration, conditions: ['x'] })],
    ['a condition of another kind', encode({ expiration, conditions: [['like', '$key', 'x']] })],
    ['a field without its sign', encode({ expiration, conditions: [['eq', 'key', 'x']] })],
    ['a value that is none', encode({ expiration, conditions: [{ key: null }] })],
    ['a range of one', encode({ expiration, conditions: [['content-length-range', 1]] })],
    ['a range of less than nothing', encode({ expiration, conditions: [['content-length-range', -1, 3]] })],
  ])('that is %s is refused', (_what, text) => {
    expect(() => parsePostPolicy(text)).toThrow(expect.objectContaining({ code: 'InvalidPolicyDocument' }));
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map(encode),
          fc.array(fc.jsonValue()).map((conditions) => encode({ expiration, conditions })),
        ),
        (text) => {
          try {
            assertPolicy(parsePostPolicy(text), new Map([['key', 'x']]), now);
          } catch (error) {
            expect(['InvalidPolicyDocument', 'AccessDenied']).toContain((error as { code: string }).code);
          }
        },
      ),
    );
  });
});
