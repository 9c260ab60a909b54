import * as all from '@dagrejs/dagre';

export const used = all;
