import { plain } from '../design/plain.ts';

export const used = plain;
