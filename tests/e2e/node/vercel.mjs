// Vercel's AI SDK with the provider that the job's client names last: "node-vercel-openai", "-responses" (OpenAI's, as it is
// when nothing else is said), "-anthropic", "-google".
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, Output, generateText, jsonSchema, streamText, tool } from "ai";

const FINISH = { "tool-calls": "tool_calls" };
const THINK = {
  openai: { openai: { reasoningEffort: "medium", forceReasoning: true } },
  anthropic: { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } },
  responses: { openai: { reasoningEffort: "medium", reasoningSummary: "auto", forceReasoning: true, store: false } },
  google: { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } } },
};

function messages(ask) {
  return ask.turns.flatMap((turn) => {
    if (turn.said) return turn.said.keep;
    if (turn.results) {
      const content = turn.results.map(([call, value]) => ({
        type: "tool-result",
        toolCallId: call.id,
        toolName: call.name,
        output: { type: "text", value },
      }));
      return [{ role: "tool", content }];
    }
    if (!turn.image) return [{ role: "user", content: turn.user }];
    const [mediaType, data] = turn.image.slice("data:".length).split(";base64,");
    return [{ role: "user", content: [{ type: "text", text: turn.user }, { type: "file", mediaType, data }] }];
  });
}

export function vercel(job) {
  const kind = job.client.split("-")[2];
  const model = (ask) => {
    const apiKey = ask.key ?? job.key;
    if (kind === "openai") return createOpenAI({ apiKey, baseURL: `${job.url}/v1` }).chat(ask.model);
    if (kind === "responses") return createOpenAI({ apiKey, baseURL: `${job.url}/v1` })(ask.model);
    if (kind === "anthropic") return createAnthropic({ apiKey, baseURL: `${job.url}/v1` })(ask.model);
    return createGoogle({ apiKey, baseURL: `${job.url}/v1beta` })(ask.model);
  };
  const words = (ask) => ({
    model: model(ask),
    messages: messages(ask),
    maxRetries: 0,
    ...(ask.system && { instructions: ask.system }),
    ...(ask.cap && { maxOutputTokens: ask.cap }),
    ...(ask.schema && { output: Output.object({ schema: jsonSchema(ask.schema) }) }),
    // Without retention nothing is stored, so that items are sent again, not referred to.
    ...(ask.think ? { providerOptions: THINK[kind] } : kind === "responses" && { providerOptions: { openai: { store: false } } }),
    ...(ask.tools && {
      tools: Object.fromEntries(
        ask.tools.map(({ name, about, schema }) => [name, tool({ description: about, inputSchema: jsonSchema(schema) })]),
      ),
    }),
    ...(ask.choice && { toolChoice: { type: "tool", toolName: ask.choice } }),
  });

  async function say(ask) {
    let failed;
    const answer = ask.streamed ? streamText({ ...words(ask), onError: ({ error }) => (failed = error) }) : await generateText(words(ask));
    if (ask.streamed) {
      await answer.consumeStream();
      if (failed) throw failed;
    }
    const [calls, usage, response] = [await answer.toolCalls, await answer.usage, await answer.response];
    return {
      text: await answer.text,
      thinking: (await answer.reasoningText) ?? "",
      calls: calls.map((call) => ({ id: call.toolCallId, name: call.toolName, arguments: call.input })),
      finish: FINISH[await answer.finishReason] ?? (await answer.finishReason),
      usage: { input: usage.inputTokens, output: usage.outputTokens, cached: usage.inputTokenDetails.cacheReadTokens ?? 0 },
      keep: response.messages,
    };
  }

  return {
    say,
    async fails(ask) {
      try {
        await say(ask);
      } catch (error) {
        const status = APICallError.isInstance(error) ? error.statusCode : undefined;
        return { class: error.constructor.name, status, says: error.message ?? JSON.stringify(error) };
      }
      return null;
    },
    async leave(ask) {
      const left = new AbortController();
      let pieces = 0;
      for await (const _ of streamText({ ...words(ask), abortSignal: left.signal }).textStream)
        if (++pieces === 3) {
          left.abort();
          break;
        }
      return pieces;
    },
  };
}
