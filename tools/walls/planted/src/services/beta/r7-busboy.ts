import { Busboy } from '@fastify/busboy';

export const r7Busboy = Busboy;
