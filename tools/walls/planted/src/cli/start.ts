import { decide } from '../app/index.ts';

export const start = decide;
