const longestLine = 65_536;

/**
 * Cuts the server's standard error into messages. Lines that begin with a tab continue the message before them, as far
 * as they arrived with it.
 *
 * @param onMessage is given each message without its line end
 */
export function splitMessages(onMessage: (message: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) {
      lines.push(rest);
      rest = '';
    }
    let message: string | undefined;
    for (const line of lines) {
      if (message !== undefined && line.startsWith('\t')) message += `\n${line.slice(1)}`;
      else {
        if (message) onMessage(message);
        message = line;
      }
    }
    if (message) onMessage(message);
  };
}
