import { describe, expect, it } from 'vitest';
import { type S3Server, s3Request } from './s3.ts';

const server: S3Server = {
  endpoint: 'https://s3.us-east-1.amazonaws.com',
  region: 'us-east-1',
  pathStyle: true,
  allowed: [],
  denied: ['secrets'],
  now: () => Date.UTC(2013, 4, 24),
};

describe('an s3:// source', () => {
  it.each([
    ['s3://bucket/a b/c+d.png', 'https://s3.us-east-1.amazonaws.com/bucket/a%20b/c%2Bd.png'],
    ['s3://bucket/a.png?3/L4', 'https://s3.us-east-1.amazonaws.com/bucket/a.png?versionId=3%2FL4'],
    ['s3://bucket/a.png?versionId=v1', 'https://s3.us-east-1.amazonaws.com/bucket/a.png?versionId=v1'],
    ["s3://bucket/é(1)*'.png", 'https://s3.us-east-1.amazonaws.com/bucket/%C3%A9%281%29%2A%27.png'],
  ])('%s is asked for at %s', (source, url) => {
    expect(s3Request(source, server)).toEqual({ url, headers: {} });
  });

  it('has its bucket in the host where the server wants that, and keeps the path of the server', () => {
    expect(s3Request('s3://bucket/a', { ...server, pathStyle: false }).url).toBe(
      'https://bucket.s3.us-east-1.amazonaws.com/a',
    );
    expect(s3Request('s3://bucket/a', { ...server, endpoint: 'http://host:8000/storage/v1/s3' }).url).toBe(
      'http://host:8000/storage/v1/s3/bucket/a',
    );
  });

  it.each([
    's3://bucket',
    's3://bucket/',
    's3:///key',
    's3://b/key',
    's3://evil.example@x/key',
    's3://a:b/key',
    's3://a#b/key',
    's3://bucket/../secrets/key',
    's3://bucket/a/./b',
    's3://bucket/..',
  ])('%s is none', (source) => {
    expect(() => s3Request(source, { ...server, pathStyle: false })).toThrow();
  });

  it('is in a bucket that is allowed', () => {
    expect(() => s3Request('s3://secrets/a', server)).toThrow();
    expect(() => s3Request('s3://other/a', { ...server, allowed: ['bucket'] })).toThrow();
    expect(s3Request('s3://bucket/a', { ...server, allowed: ['bucket'] }).headers).toEqual({});
  });

  it('is signed where there is a key', () => {
    const key = {
      id: 'AKIAIOSFODNN7EXAMPLE',
      secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      sessionToken: 'token',
    };
    const { headers } = s3Request('s3://examplebucket/test.txt', { ...server, pathStyle: false, key });
    expect(headers).toEqual({
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
      'x-amz-security-token': 'token',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
      ),
    });
  });
});
