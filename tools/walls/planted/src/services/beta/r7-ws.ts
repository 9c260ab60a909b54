import { WebSocket } from 'ws';

export const reached = WebSocket;
