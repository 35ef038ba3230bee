// Plays the same scenes as tests/e2e/clients/play.py with Node's SDKs, all in one process: the job on stdin is a list of
// theirs, one for each client. One JSON line for each scene.
import { readFileSync } from "node:fs";
import { anthropicMessages } from "./anthropic.mjs";
import { openaiChat } from "./openai.mjs";
import { vercel } from "./vercel.mjs";

const told = (said) => {
  const { keep, ...rest } = said;
  return rest;
};

// The answer, and the one to what follows it: the results of its calls, or another message.
async function bothTurns(sdk, ask, result, last) {
  const first = await sdk.say(ask);
  const next = first.calls.length ? { results: first.calls.map((call) => [call, result]) } : { user: last };
  const second = await sdk.say({ ...ask, choice: undefined, turns: [...ask.turns, { said: first }, next] });
  return { ...told(first), second: told(second) };
}

async function scene(sdk, job, name, ask, upstream, mark) {
  const { texts, tools } = job;
  const user = (text) => [{ user: `${mark} ${text}` }];
  const say = async (more) => told(await sdk.say({ ...ask, ...more }));
  const fails = async (more) => ({ error: await sdk.fails({ ...ask, turns: user(texts.rivers), ...more }) });

  switch (name) {
    case "hello":
      return say({ system: texts.system, turns: [{ user: `echo: ${mark} ${texts.hello}` }] });
    case "length":
      return say({ cap: 5, turns: user(texts.rivers) });
    case "tool":
      return say({ tools, choice: "weather", turns: user(texts.rivers) });
    case "tools":
      return bothTurns(sdk, { ...ask, tools, turns: user("use the tools") }, texts.result);
    case "image":
      return say({ turns: [{ user: `echo: ${mark} seen`, image: job.image }] });
    case "schema":
      return say({ schema: job.schema, turns: user(texts.rivers) });
    case "think":
      return bothTurns(sdk, { ...ask, think: true, turns: user(texts.rivers) }, null, `echo: ${mark} again`);
    case "think-tool":
      return bothTurns(sdk, { ...ask, think: true, tools: tools.slice(0, 1), turns: user("use the tool") }, texts.result);
    case "cached":
      return say({ turns: user(`[[cached]] ${texts.rivers.repeat(20)}`) });
    case "wrong-key":
      return fails({ key: "sk-wrong" });
    case "unknown-model":
      return fails({ model: "nobody/nothing" });
    case "leave":
      return {
        pieces: await sdk.leave({ ...ask, model: job.faults.endless[upstream], streamed: true, turns: user(texts.rivers) }),
      };
    default:
      return fails({ model: job.faults[name][upstream] });
  }
}

async function play(job, make) {
  const sdk = await make(job);
  for (const [upstream, model] of Object.entries(job.upstreams))
    for (const [name, ways] of Object.entries(job.scenes))
      for (const streamed of ways) {
        const mark = `[[${job.client}/${name}/${upstream}/${streamed ? "stream" : "whole"}]]`;
        const line = { client: job.client, scene: name, upstream, streamed, mark };
        try {
          Object.assign(line, await scene(sdk, job, name, { model, turns: [], streamed }, upstream, mark));
        } catch (error) {
          line.failed = `${error.stack}\n${error.responseBody ?? ""}`;
        }
        console.log(JSON.stringify(line));
      }
}

const makers = { openai: openaiChat, anthropic: anthropicMessages, vercel };
const jobs = JSON.parse(readFileSync(0, "utf8"));
await Promise.all(jobs.map((job) => play(job, makers[job.client.split("-")[1]])));
