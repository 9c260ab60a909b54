import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, type Frame, kindOf } from './frames.ts';

const bufferOf = (bytes: readonly number[]): ArrayBuffer => new Uint8Array(bytes).buffer;

function broadcast(topic: string, event: string, meta: string, encoding: number, payload: string): ArrayBuffer {
  const parts = [topic, event, meta].map((text) => [...new TextEncoder().encode(text)]);
  const lengths = parts.map(({ length }) => length);
  return bufferOf([4, ...lengths, encoding, ...parts.flat(), ...new TextEncoder().encode(payload)]);
}

describe('messages', () => {
  it('of text are read as they were written', () => {
    const ref = fc.option(fc.string());
    const frame = fc.record({
      joinRef: ref,
      ref,
      topic: fc.string(),
      event: fc.string(),
      payload: fc.dictionary(fc.string(), fc.integer()),
    });
    fc.assert(
      fc.property(frame, (given: Frame) => {
        expect(JSON.stringify(decodeFrame(encodeFrame(given)))).toBe(JSON.stringify(given));
      }),
    );
  });

  it('of bytes are broadcasts', () => {
    expect(decodeFrame(broadcast('realtime:room', 'said', '{"id":"1"}', 1, '{"text":"ä"}'))).toEqual({
      joinRef: null,
      ref: null,
      topic: 'realtime:room',
      event: 'broadcast',
      payload: { type: 'broadcast', event: 'said', payload: { text: 'ä' }, meta: { id: '1' } },
    });
    expect(decodeFrame(broadcast('realtime:room', 'said', '', 0, 'abc'))?.payload).toEqual({
      type: 'broadcast',
      event: 'said',
      payload: '3 bytes',
    });
  });

  it('that are none of these are nothing', () => {
    for (const data of [
      '',
      '{}',
      '[1]',
      '[null,null,1,"e",{}]',
      bufferOf([]),
      bufferOf([4, 9, 9, 9, 1]),
      bufferOf([3, 0, 0, 0, 0]),
      7,
    ])
      expect(decodeFrame(data)).toBeUndefined();
  });

  it('whatever comes is read or passed over', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.uint8Array().map((bytes) => bufferOf([...bytes])),
        ),
        (data) => {
          decodeFrame(data);
        },
      ),
    );
  });

  it.each([
    ['broadcast', 'broadcast'],
    ['system', 'system'],
    ['postgres_changes', 'changes'],
    ['presence_state', 'presence'],
    ['presence', 'presence'],
    ['phx_reply', 'protocol'],
    ['heartbeat', 'protocol'],
  ])('%s is about %s', (event, kind) => expect(kindOf({ event })).toBe(kind));
});
