import { parse } from 'smol-toml';

export const reached = parse;
