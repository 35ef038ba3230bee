/* curl-line: a call that can be pasted into a shell. Pure. */

/** In single quotes, so that the shell takes nothing in it for its own. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function curlLine(origin: string, key: string, model: string, content = 'Say hello.'): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content }] });
  return [
    `curl ${origin}/v1/chat/completions \\`,
    `  -H ${shellQuote(`authorization: Bearer ${key}`)} \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d ${shellQuote(body)}`,
  ].join('\n');
}
