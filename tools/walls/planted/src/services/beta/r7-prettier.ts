import { format } from 'prettier';

export const reached = format;
