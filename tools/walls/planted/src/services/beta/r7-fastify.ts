import type { FastifyInstance } from 'fastify';

export type Reached = FastifyInstance;
