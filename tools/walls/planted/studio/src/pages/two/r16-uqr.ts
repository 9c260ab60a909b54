import * as all from 'uqr';

export const used = all;
