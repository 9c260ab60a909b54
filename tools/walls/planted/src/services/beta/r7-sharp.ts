import sharp from 'sharp';

export const reached = sharp;
