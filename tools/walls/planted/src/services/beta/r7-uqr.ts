import { renderSVG } from 'uqr';

export const reached = renderSVG;
