import { resourceFromAttributes } from '@opentelemetry/resources';

export const reached = resourceFromAttributes;
