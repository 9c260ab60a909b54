import * as all from '@lezer/highlight';

export const used = all;
