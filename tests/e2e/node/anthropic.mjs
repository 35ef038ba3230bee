// Anthropic's Node SDK, Messages.
import Anthropic from "@anthropic-ai/sdk";

const FINISH = { end_turn: "stop", max_tokens: "length", tool_use: "tool_calls" };

function messages(ask) {
  return ask.turns.map((turn) => {
    if (turn.said) return { role: "assistant", content: turn.said.keep };
    if (turn.results)
      return {
        role: "user",
        content: turn.results.map(([call, content]) => ({ type: "tool_result", tool_use_id: call.id, content })),
      };
    if (!turn.image) return { role: "user", content: turn.user };
    const [media_type, data] = turn.image.slice("data:".length).split(";base64,");
    const source = { type: "base64", media_type, data };
    return { role: "user", content: [{ type: "image", source }, { type: "text", text: turn.user }] };
  });
}

function words(ask) {
  const body = { model: ask.model, messages: messages(ask), max_tokens: ask.cap ?? 4096 };
  if (ask.system) body.system = ask.system;
  if (ask.tools) body.tools = ask.tools.map(({ name, about, schema }) => ({ name, description: about, input_schema: schema }));
  if (ask.choice) body.tool_choice = { type: "tool", name: ask.choice };
  if (ask.schema) body.output_config = { format: { type: "json_schema", schema: ask.schema } };
  if (ask.think) body.thinking = { type: "enabled", budget_tokens: 1024 };
  return body;
}

function said({ content, stop_reason, usage }) {
  const of = (type) => content.filter((block) => block.type === type);
  return {
    text: of("text").map((block) => block.text).join(""),
    thinking: of("thinking").map((block) => block.thinking).join(""),
    calls: of("tool_use").map((block) => ({ id: block.id, name: block.name, arguments: block.input })),
    finish: FINISH[stop_reason] ?? stop_reason,
    usage: {
      input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
      cached: usage.cache_read_input_tokens ?? 0,
    },
    keep: content,
  };
}

export function anthropicMessages(job) {
  const connect = (apiKey) => new Anthropic({ apiKey, baseURL: job.url, maxRetries: 0, timeout: 30_000 });

  async function say(ask) {
    const client = connect(ask.key ?? job.key);
    return said(await (ask.streamed ? client.messages.stream(words(ask)).finalMessage() : client.messages.create(words(ask))));
  }

  return {
    say,
    async fails(ask) {
      try {
        await say(ask);
      } catch (error) {
        if (!(error instanceof Anthropic.AnthropicError)) throw error;
        return { class: error.constructor.name, status: error.status, says: error.message };
      }
      return null;
    },
    async leave(ask) {
      let pieces = 0;
      for await (const _ of await connect(job.key).messages.create({ ...words(ask), stream: true }))
        if (++pieces === 3) break;
      return pieces;
    },
  };
}
