import { IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gatheredResponses } from './gathered-response.ts';

function responses() {
  const Gathered = gatheredResponses();
  return (): { response: ServerResponse; written: () => string } => {
    let written = '';
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    }) as Socket;
    const response = new Gathered(new IncomingMessage(socket));
    response.assignSocket(socket);
    return { response, written: () => written };
  };
}

test('answers of one turn are sent together at its end, and count as ended before', async () => {
  const open = responses();
  const [first, second] = [open(), open()];
  for (const { response } of [first, second]) {
    response.writeHead(200, { 'content-length': 2 });
    expect(response.end('ab')).toBe(response);
    expect([response.writableEnded, response.headersSent]).toEqual([true, true]);
  }
  // Whoever ends twice changes nothing.
  first.response.end('cd');
  expect([first.written(), second.written()]).toEqual(['', '']);
  await nextTurn();
  for (const { response, written } of [first, second]) {
    expect(written()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nab$/);
    expect(response.writableEnded).toBe(true);
  }
});

test('answers that come alone, or in a later turn than their requests, are sent at once', async () => {
  const open = responses();
  const alone = open();
  alone.response.writeHead(200).end('alone');
  expect(alone.written()).toContain('alone');
  await nextTurn();
  const [first, second] = [open(), open()];
  await nextTurn();
  for (const { response, written } of [first, second]) {
    response.writeHead(200).end('later');
    expect(written()).toContain('later');
  }
});

test('a single request after many is waited with, the next is not', async () => {
  const open = responses();
  open();
  open();
  await nextTurn();
  const first = open();
  first.response.writeHead(200).end('first');
  expect(first.written()).toBe('');
  await nextTurn();
  expect(first.written()).toContain('first');
  const second = open();
  second.response.writeHead(200).end('second');
  expect(second.written()).toContain('second');
});

test('what the caller has to see is not put off', () => {
  const open = responses();
  const [implicit, wrong] = [open(), open()];
  implicit.response.end('no head before');
  expect(implicit.written()).toContain('no head before');
  wrong.response.writeHead(200);
  expect(() => wrong.response.end(5 as never)).toThrow(TypeError);
});

test('an answer whose client went away meanwhile is dropped, and the others are sent', async () => {
  const open = responses();
  const [gone, there] = [open(), open()];
  for (const { response } of [gone, there]) response.writeHead(200).end('x');
  gone.response.destroy();
  await nextTurn();
  expect(gone.written()).toBe('');
  expect(there.written()).toContain('HTTP/1.1 200 OK');
});

test('a callback is called when the answer is sent', async () => {
  const open = responses();
  const [response] = [open().response, open()];
  const sent = new Promise<void>((resolve) => {
    response.writeHead(200);
    response.end('x');
    response.end(resolve);
  });
  await sent;
  expect(response.writableFinished).toBe(true);
});
