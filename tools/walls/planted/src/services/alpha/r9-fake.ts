import { fake } from './testing/fake.ts';

export const reached = fake;
