import { decide } from '../../app/index.ts';

export const reached = decide;
