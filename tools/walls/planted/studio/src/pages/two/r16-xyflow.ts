import * as all from '@xyflow/react';

export const used = all;
