import { decide } from '../services/beta/core/decide.ts';

export const reached = decide;
