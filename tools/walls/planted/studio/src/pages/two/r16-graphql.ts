import { parse } from 'graphql';

export const read = parse;
