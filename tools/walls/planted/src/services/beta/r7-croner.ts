import { Cron } from 'croner';

export const reached = Cron;
