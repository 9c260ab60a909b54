import * as all from '@tanstack/react-virtual';

export const used = all;
