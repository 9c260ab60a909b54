import { replication } from '#kernel/replication';

export const reached = replication;
