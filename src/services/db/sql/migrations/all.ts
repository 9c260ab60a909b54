import type { Step } from '../step.ts';
import { authSchemaSteps } from './auth-schema.ts';
import { databaseSteps } from './database.ts';
import { eventTriggerSteps } from './event-triggers.ts';
import { extensionSteps } from './extensions.ts';
import { graphqlSteps } from './graphql.ts';
import { outboxSteps } from './outbox.ts';
import { deliverySteps } from './outbox-deliveries.ts';
import { parameterSteps } from './parameters.ts';
import { pgbouncerSteps } from './pgbouncer.ts';
import { plainSchemaSteps } from './plain-schemas.ts';
import { publicationSteps } from './publication.ts';
import { membershipSteps, roleSteps } from './roles.ts';
import { serviceSchemaSteps } from './service-schemas.ts';
import { userSchemaSteps } from './user-schemas.ts';
import { webhookSteps } from './webhooks.ts';

/** Everything the main database needs, in the order it is made. New steps go to the end of their file's list. */
export const steps: readonly Step[] = [
  ...roleSteps,
  ...membershipSteps,
  ...parameterSteps,
  ...databaseSteps,
  ...userSchemaSteps,
  ...authSchemaSteps,
  ...serviceSchemaSteps,
  ...graphqlSteps,
  ...pgbouncerSteps,
  ...webhookSteps,
  ...deliverySteps,
  ...outboxSteps,
  ...eventTriggerSteps,
  ...publicationSteps,
  ...extensionSteps,
  ...plainSchemaSteps,
];
