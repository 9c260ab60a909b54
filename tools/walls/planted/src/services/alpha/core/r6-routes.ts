import { table } from '../routes/table.ts';

export const reached = table;
