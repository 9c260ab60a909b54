import { Server } from '@tus/server';

export const r7Tus = Server;
