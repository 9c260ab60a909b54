import pg from 'pg';

export const reached = pg;
