import { fake } from '../alpha/testing/fake.ts';

export const tested = fake;
