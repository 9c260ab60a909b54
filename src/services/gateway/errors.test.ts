import { describe, expect, it } from 'vitest';
import { gatewayError, renderGatewayError } from './errors.ts';

const error = gatewayError('no_api_key');

describe('renderGatewayError', () => {
  it.each([undefined, '*/*', 'application/json', 'image/png', 'text/html;q=0.1, application/json'])(
    'writes JSON over three lines for Accept %s',
    (accept) =>
      expect(renderGatewayError(error, accept)).toEqual({
        contentType: 'application/json; charset=utf-8',
        body: '{\n  "message":"No API key found in request"\n}',
      }),
  );
  it('writes a page for browsers', () => {
    const { contentType, body } = renderGatewayError(error, 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect(contentType).toBe('text/html; charset=utf-8');
    expect(body).toContain('<title>Kong Error</title>');
    expect(body).toContain('No API key found in request');
  });
  it('writes text and XML', () => {
    expect(renderGatewayError(error, 'text/plain').body).toBe('No API key found in request\n');
    expect(renderGatewayError(error, 'application/xml').body).toContain(
      '<message>No API key found in request</message>',
    );
  });
  it('writes blocked routes compactly', () =>
    expect(renderGatewayError(gatewayError('forbidden'), 'text/html').body).toBe('{"message":"Access is forbidden."}'));
});
