export type { RawData, WebSocket, WebSocketServer } from 'ws';

/** Loads the WebSocket library, on first use. */
export const loadWebSockets = (): Promise<typeof import('ws')> => import('ws');
