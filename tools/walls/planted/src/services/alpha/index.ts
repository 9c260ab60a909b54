export { decide, type Decision } from './core/decide.ts';
