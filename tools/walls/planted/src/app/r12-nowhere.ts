import { nothing } from './nowhere.ts';

export const reached = nothing;
