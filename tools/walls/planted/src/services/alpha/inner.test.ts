import { fake } from './testing/fake.ts';

export const tested = fake;
