import { Pool } from 'undici';

export const reached = Pool;
