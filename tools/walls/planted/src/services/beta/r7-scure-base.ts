import { base58 } from '@scure/base';

export const reached = base58;
