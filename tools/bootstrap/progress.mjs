/**
 * Shows that something long is going on: one moving line on a terminal, a line every few seconds elsewhere.
 *
 * @param what e.g. `building`
 * @param detail what to add to each sign of life, or undefined
 * @returns a function that ends it with a last line
 */
export function showProgress(what, detail) {
  const began = Date.now();
  const terminal = process.stderr.isTTY === true;
  const seconds = () => `${Math.round((Date.now() - began) / 1_000)} s`;
  const frames = ['|', '/', '-', '\\'];
  let tick = 0;
  if (!terminal) process.stderr.write(`${what} …\n`);
  const timer = setInterval(
    () => {
      const sign = [seconds(), detail?.()].filter(Boolean).join(', ');
      process.stderr.write(terminal ? `\r\x1b[2K${frames[tick++ % 4]} ${what} … ${sign}` : `${what} … ${sign}\n`);
    },
    terminal ? 120 : 5_000,
  );
  return (last) => {
    clearInterval(timer);
    process.stderr.write(`${terminal ? '\r\x1b[2K' : ''}${last} (${seconds()})\n`);
  };
}
