import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFields } from './body-fields.ts';

const fields = (text: string) => readFields(Buffer.from(text));

describe('body fields', () => {
  it('are read by type, null and absent alike', () => {
    const body = fields('{"a":"x","b":true,"c":{"d":1},"e":null}');
    expect([body.text('a'), body.text('e'), body.text('z')]).toEqual(['x', '', '']);
    expect([body.optionalText('a'), body.optionalText('e')]).toEqual(['x', undefined]);
    expect([body.flag('b'), body.flag('e'), body.flag('z', true)]).toEqual([true, false, true]);
    expect([body.object('c'), body.object('e')]).toEqual([{ d: 1 }, undefined]);
  });

  it.each(['', 'null', '{}'])('are all absent in %j', (text) => {
    expect(fields(text).text('a')).toBe('');
  });

  it.each(['{', '[]', '"x"', '1', '{"a":}', '\ufffd'])('cannot be read from %j', (text) => {
    expect(() => fields(text)).toThrow(/^Could not parse request body as JSON/);
  });

  it.each([
    ['{"a":1}', 'text'],
    ['{"a":"true"}', 'flag'],
    ['{"a":[]}', 'object'],
    ['{"a":{}}', 'text'],
  ] as const)('of another type are refused: %s as %s', (text, method) => {
    expect(() => fields(text)[method]('a')).toThrow('cannot unmarshal');
  });

  it('never hold what PostgreSQL cannot', () => {
    expect(() => fields('{"a":"x\\u0000y"}')).toThrow('NUL');
    expect(() => fields('{"a":{"x\\u0000":1}}')).toThrow('NUL');
    expect(fields('{"a":"\\ud800x"}').text('a')).toBe('\ufffdx');
    expect(fields('{"a":"\\ud83d\\ude00"}').text('a')).toBe('\u{1f600}');
  });

  it('keep a key named __proto__ a key', () => {
    const data = fields('{"data":{"__proto__":{"admin":true}}}').object('data');
    expect(Object.hasOwn(data as object, '__proto__')).toBe(true);
    expect((data as { admin?: unknown }).admin).toBeUndefined();
  });

  it('come out of any JSON object or not at all', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          expect(typeof fields(text).text('nothing')).toBe('string');
        } catch (error) {
          expect((error as { status?: number }).status).toBe(400);
        }
      }),
    );
  });
});
