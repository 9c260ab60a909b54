export const fake = 'for the tests of any room';
