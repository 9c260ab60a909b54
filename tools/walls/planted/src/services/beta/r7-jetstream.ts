import { jetstream } from '@nats-io/jetstream';

export const reached = jetstream;
