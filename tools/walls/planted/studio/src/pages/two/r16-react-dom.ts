import * as all from 'react-dom';

export const used = all;
