/** `name=value` (or `name:value`) pairs with commas between, values percent-encoded (OpenTelemetry, "Baggage"). */
export function otlpPairs(text = ''): Readonly<Record<string, string>> {
  const found = [...text.matchAll(/([^=:,]+)[=:]([^,]*)/g)].map(([, name = '', value = '']) => [
    name.trim(),
    decode(value.trim()),
  ]);
  return Object.fromEntries(found);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
