/** What a wallet shows its owner and signs (EIP-4361; Solana's form is the same with other words and order). */
export interface WalletMessage {
  readonly domain: string;
  readonly address: string;
  readonly statement: string;
  readonly uri: string;
  readonly chainId: string;
  /** Times as they stand in the text; empty when absent. */
  readonly issuedAt: string;
  readonly expirationTime: string;
  readonly notBefore: string;
}

const fields: ReadonlySet<string> = new Set([
  'URI',
  'Version',
  'Chain ID',
  'Nonce',
  'Issued At',
  'Expiration Time',
  'Not Before',
  'Request ID',
]);

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads a sign-in message. The grammar is fixed, so that what the wallet's owner has read is what is understood here:
 * every field stands once, in a line of its own, and nothing else does.
 *
 * @param account name of the chain as the first line has it, `Ethereum` or `Solana`
 * @throws Error that says what is wrong
 */
export function parseWalletMessage(text: string, account: string): WalletMessage {
  const lines = text.split('\n');
  const [head = '', address = '', ...rest] = lines;
  const ending = ` wants you to sign in with your ${account} account:`;
  if (!head.endsWith(ending)) throw new Error('the first line is not that of a sign-in message');
  const domain = head.slice(0, -ending.length).replace(/^[a-z][a-z0-9+.-]*:\/\//, '');
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(domain)) throw new Error('the domain cannot be read');
  if (rest[0] !== '') throw new Error('an empty line has to follow the address');
  const { statement, body } = splitStatement(rest.slice(1));
  const values = readFields(body);
  if (values.get('Version') !== '1') throw new Error('Version has to be 1');
  for (const name of ['Issued At', 'Expiration Time', 'Not Before']) {
    const value = values.get(name);
    if (value !== undefined && (!instant.test(value) || Number.isNaN(Date.parse(value))))
      throw new Error(`${name} is no RFC 3339 time`);
  }
  const of = (name: string): string => values.get(name) ?? '';
  if (of('URI') === '') throw new Error('URI is missing');
  if (of('Issued At') === '') throw new Error('Issued At is missing');
  return {
    domain,
    address,
    statement,
    uri: of('URI'),
    chainId: of('Chain ID'),
    issuedAt: of('Issued At'),
    expirationTime: of('Expiration Time'),
    notBefore: of('Not Before'),
  };
}

function splitStatement(lines: readonly string[]): { statement: string; body: readonly string[] } {
  const isField = (line: string | undefined): boolean =>
    fields.has(line?.split(':', 1)[0] ?? '') && line?.includes(': ') === true;
  if (isField(lines[0])) return { statement: '', body: lines };
  if (lines[0] === '' && isField(lines[1])) return { statement: '', body: lines.slice(1) };
  if (lines[1] !== '') throw new Error('the statement has to be one line, between empty ones');
  return { statement: lines[0] ?? '', body: lines.slice(2) };
}

function readFields(lines: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    if (line === 'Resources:' || line === 'Resources') {
      if (!lines.slice(index + 1).every((resource) => resource.startsWith('- ')))
        throw new Error('a resource cannot be read');
      return values;
    }
    const colon = line.indexOf(': ');
    const name = line.slice(0, Math.max(0, colon));
    if (!fields.has(name)) throw new Error('a line is none of a sign-in message');
    if (values.has(name)) throw new Error(`${name} stands twice`);
    values.set(name, line.slice(colon + 2));
  }
  return values;
}
