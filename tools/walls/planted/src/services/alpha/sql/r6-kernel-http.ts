import { http } from '#kernel/http';

export const reached = http;
