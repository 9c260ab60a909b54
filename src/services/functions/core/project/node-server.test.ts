import { expect, test } from 'vitest';
import { mentionsNodeServer } from './node-server.ts';

test.each([
  ['index.ts', `import { createServer } from 'node:http';`, true],
  ['index.ts', `const { createServer } = await import("http")`, true],
  ['index.js', `var http = __require("https");`, true],
  ['index.ts', `import express from 'npm:express@4';`, true],
  ['index.ts', `import express from "express/lib";`, true],
  ['index.ts', `const app = require('@nestjs/core');`, true],
  ['deno.json', `{ "imports": { "app": "npm:fastify@5" } }`, true],
  ['package.json', `{ "dependencies": { "koa": "2" } }`, true],
  ['index.js', `client._setAuthSafely("connect");`, false],
  ['index.ts', `import { Agent } from 'node:https-agent';`, false],
  ['index.ts', `import { connection } from 'connection';`, false],
  ['index.ts', `import { from } from 'rxjs'; from('users')`, false],
  ['readme.md', `import { createServer } from 'node:http';`, false],
])('%s: %s', (path, text, expected) => expect(mentionsNodeServer(path, text)).toBe(expected));
