// OpenAI's Node SDK, Chat Completions: the major that the job's client names last, "node-openai-6", or the newest.
const used = (usage) => ({
  input: usage.prompt_tokens,
  output: usage.completion_tokens,
  cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
});

function messages(ask) {
  const list = ask.system ? [{ role: "system", content: ask.system }] : [];
  for (const turn of ask.turns) {
    if (turn.said) list.push(turn.said.keep);
    else if (turn.results)
      for (const [call, content] of turn.results) list.push({ role: "tool", tool_call_id: call.id, content });
    else if (turn.image) {
      const image = { type: "image_url", image_url: { url: turn.image } };
      list.push({ role: "user", content: [{ type: "text", text: turn.user }, image] });
    } else list.push({ role: "user", content: turn.user });
  }
  return list;
}

function words(ask) {
  const body = { model: ask.model, messages: messages(ask) };
  if (ask.tools)
    body.tools = ask.tools.map(({ name, about, schema }) => ({
      type: "function",
      function: { name, description: about, parameters: schema },
    }));
  if (ask.choice) body.tool_choice = { type: "function", function: { name: ask.choice } };
  if (ask.schema)
    body.response_format = { type: "json_schema", json_schema: { name: "answer", strict: true, schema: ask.schema } };
  if (ask.think) body.reasoning_effort = "medium";
  if (ask.cap) body.max_completion_tokens = ask.cap;
  return body;
}

// Pieces of reasoning_details with the same index are one, as OpenRouter's clients join them.
function gather(whole, pieces) {
  for (const piece of pieces ?? []) {
    const one = (whole[piece.index ?? 0] ??= {});
    for (const [name, value] of Object.entries(piece))
      one[name] = ["text", "summary", "data"].includes(name) ? (one[name] ?? "") + value : value;
  }
}

export async function openaiChat(job) {
  const { default: OpenAI } = await import(job.client.endsWith("-6") ? "openai-6" : "openai");
  const connect = (apiKey) => new OpenAI({ apiKey, baseURL: `${job.url}/v1`, maxRetries: 0, timeout: 30_000 });

  async function say(ask) {
    const client = connect(ask.key ?? job.key);
    let thinking = "";
    const details = [];
    let answer;
    if (ask.streamed) {
      const stream = client.chat.completions.stream({ ...words(ask), stream_options: { include_usage: true } });
      stream.on("chunk", (chunk) => {
        thinking += chunk.choices[0]?.delta.reasoning ?? "";
        gather(details, chunk.choices[0]?.delta.reasoning_details);
      });
      answer = await stream.finalChatCompletion();
    } else answer = await client.chat.completions.create(words(ask));
    const [{ message, finish_reason: finish }] = answer.choices;
    const { role, content, tool_calls } = message;
    const kept = ask.streamed ? details.filter(Boolean) : (message.reasoning_details ?? []);
    return {
      text: content ?? "",
      thinking: thinking || (message.reasoning ?? ""),
      calls: (tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments),
      })),
      finish,
      usage: used(answer.usage),
      keep: { role, content, ...(tool_calls?.length && { tool_calls }), ...(kept.length && { reasoning_details: kept }) },
    };
  }

  return {
    say,
    async fails(ask) {
      try {
        await say(ask);
      } catch (error) {
        if (!(error instanceof OpenAI.APIError)) throw error;
        return { class: error.constructor.name, status: error.status, says: error.message };
      }
      return null;
    },
    async leave(ask) {
      let pieces = 0;
      for await (const _ of await connect(job.key).chat.completions.create({ ...words(ask), stream: true }))
        if (++pieces === 3) break;
      return pieces;
    },
  };
}
