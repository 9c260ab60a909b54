import { createZipf, type Random } from './random.ts';

const syllables = 'ka lo mi ra ten vo su pi dar en ul qui sta mor fe lin ax bro cu gy ho'.split(' ');

/** A made-up language: common words are short and frequent, rare ones long, as in real text. */
export interface Language {
  word(): string;
  sentence(words: number): string;
}

/** Creates one with a vocabulary of `size` words. */
export function createLanguage(size: number, random: Random): Language {
  const vocabulary = Array.from({ length: size }, (_, at) => {
    const length = 1 + Math.floor(Math.log10(at + 1)) + (random.chance(0.4) ? 1 : 0);
    return Array.from({ length }, () => random.pick(syllables)).join('');
  });
  const rank = createZipf(size, 1, random);
  const word = () => vocabulary[rank() - 1] as string;
  return {
    word,
    sentence(words) {
      const text = Array.from({ length: words }, word).join(' ');
      return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    },
  };
}
