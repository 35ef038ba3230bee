"""Google's Python SDK google-genai, generateContent: any major that PYTHONPATH has first."""

import base64

from google import genai
from google.genai import errors, types
from play import Said, play

FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}


class GenAI:
    def __init__(self, job):
        self.job = job
        self.client = self.connect(job["key"])

    def connect(self, key):
        return genai.Client(api_key=key, vertexai=False, http_options=types.HttpOptions(base_url=self.job["url"], timeout=30_000))

    def contents(self, ask):
        contents = []
        for turn in ask.turns:
            if "said" in turn:
                contents.append(turn["said"].keep)
            elif "results" in turn:
                contents.append(types.Content(role="user", parts=[types.Part(function_response=types.FunctionResponse(
                    id=call["id"], name=call["name"], response={"result": text})) for call, text in turn["results"]]))
            else:
                parts = [types.Part(text=turn["user"])]
                if "image" in turn:
                    kind, data = turn["image"][len("data:"):].split(";base64,")
                    parts.insert(0, types.Part.from_bytes(data=base64.b64decode(data), mime_type=kind))
                contents.append(types.Content(role="user", parts=parts))
        return contents

    def words(self, ask):
        config = {}
        if ask.system:
            config["system_instruction"] = ask.system
        if ask.tools:
            config["tools"] = [types.Tool(function_declarations=[types.FunctionDeclaration(
                name=tool["name"], description=tool["about"], parameters_json_schema=tool["schema"]) for tool in ask.tools])]
            config["automatic_function_calling"] = types.AutomaticFunctionCallingConfig(disable=True)
        if ask.choice:
            config["tool_config"] = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(
                mode="ANY", allowed_function_names=[ask.choice]))
        if ask.schema:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = ask.schema
        if ask.think:
            config["thinking_config"] = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        if ask.cap:
            config["max_output_tokens"] = ask.cap
        return {"model": ask.model, "contents": self.contents(ask), "config": types.GenerateContentConfig(**config)}

    def say(self, ask, client=None):
        models = (client or self.client).models
        if ask.streamed:
            answers = list(models.generate_content_stream(**self.words(ask)))
        else:
            answers = [models.generate_content(**self.words(ask))]
        parts = [part for answer in answers for candidate in answer.candidates or []
                 for part in (candidate.content.parts if candidate.content and candidate.content.parts else [])]
        finish = next(candidate.finish_reason for answer in reversed(answers) for candidate in answer.candidates or []
                      if candidate.finish_reason)
        usage = next(answer.usage_metadata for answer in reversed(answers) if answer.usage_metadata)
        calls = [{"id": part.function_call.id, "name": part.function_call.name, "arguments": part.function_call.args}
                 for part in parts if part.function_call]
        return Said(
            "".join(part.text for part in parts if part.text and not part.thought),
            "".join(part.text for part in parts if part.text and part.thought), calls,
            "tool_calls" if calls and finish == "STOP" else FINISH.get(finish.value, finish.value),
            {"input": usage.prompt_token_count,
             "output": (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
             "cached": usage.cached_content_token_count or 0},
            types.Content(role="model", parts=parts))

    def fails(self, ask):
        client = self.connect(ask.key) if ask.key else self.client
        try:
            self.say(ask, client)
        except errors.APIError as error:
            return {"class": type(error).__name__, "status": error.code, "word": error.status, "says": error.message}
        return None

    def leave(self, ask):
        pieces = 0
        stream = self.client.models.generate_content_stream(**self.words(ask))
        for _ in stream:
            pieces += 1
            if pieces == 3:
                break
        stream.close()
        return pieces


if __name__ == "__main__":
    play(GenAI)
