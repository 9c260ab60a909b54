export const replication = 'replication';
