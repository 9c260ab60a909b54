import { main } from '../main.ts';

export const reached = main;
