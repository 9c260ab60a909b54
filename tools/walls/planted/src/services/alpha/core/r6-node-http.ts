import type { IncomingMessage } from 'node:http';

export type Reached = IncomingMessage;
