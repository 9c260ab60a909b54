import { DOMParser } from '@xmldom/xmldom';

export const reached = DOMParser;
