import { http } from '#kernel/http';
import type { Decision } from '#services/beta';
import { decide } from '../core/decide.ts';

export const table = (): Decision | string => (http === 'http' ? decide() : 'clean');
