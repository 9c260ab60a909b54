import { createTransport } from 'nodemailer';

export const reached = createTransport;
