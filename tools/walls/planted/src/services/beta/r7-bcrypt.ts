import { hash } from '@node-rs/bcrypt';

export const reached = hash;
