import typescript from 'typescript';

export const reached = typescript;
