export { decide } from '#services/alpha';
