const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const plain = /^[ -~]*$/;
const control = /\p{Cc}/u;
const controls = /\p{Cc}/gu;

/** Whether a text can be the name of a header (RFC 9110 §5.1). */
export const isHeaderName = (text: string): boolean => token.test(text);

/** Whether a text can be a header's value as it is. */
export const isHeaderValue = (text: string): boolean => !control.test(text.replaceAll('\t', ' '));

/** A text as a header carries it: its UTF-8 bytes, each as one character. */
export const headerText = (text: string): string =>
  plain.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');

/** A text that may hold anything, as a header carries it; what may not stand there is percent-encoded. */
export const escapedHeaderText = (text: string): string =>
  plain.test(text) ? text : headerText(text.replace(controls, (char) => encodeURIComponent(char)));
