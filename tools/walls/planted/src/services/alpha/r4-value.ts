import { decide } from '#services/beta';

export const reached = decide;
