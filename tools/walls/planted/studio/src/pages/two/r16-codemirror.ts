import * as all from '@codemirror/state';

export const used = all;
