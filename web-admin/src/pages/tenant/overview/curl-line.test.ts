import { describe, expect, it } from 'vitest';
import { curlLine, shellQuote } from './curl-line';

describe('a line for a shell', () => {
  it('calls this address with the key and the model', () => {
    expect(curlLine('http://127.0.0.1:8080', 'sk-tg1_live_x', 'openai/gpt-4.1-mini')).toBe(
      [
        'curl http://127.0.0.1:8080/v1/chat/completions \\',
        "  -H 'authorization: Bearer sk-tg1_live_x' \\",
        "  -H 'content-type: application/json' \\",
        `  -d '{"model":"openai/gpt-4.1-mini","messages":[{"role":"user","content":"Say hello."}]}'`,
      ].join('\n'),
    );
  });
  it('lets nothing out of its quotes', () => {
    expect(shellQuote(`a'$(rm -rf /)'`)).toBe(`'a'\\''$(rm -rf /)'\\'''`);
  });
});
