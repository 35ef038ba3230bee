"""OpenAI's Python SDK, Chat Completions: any major that PYTHONPATH has first."""

import json

import openai
from play import Said, play


class OpenAI:
    def __init__(self, job):
        self.job = job
        self.client = openai.OpenAI(api_key=job["key"], base_url=job["url"] + "/v1", max_retries=0, timeout=30)

    def messages(self, ask):
        messages = [{"role": "system", "content": ask.system}] if ask.system else []
        for turn in ask.turns:
            if "said" in turn:
                messages.append(turn["said"].keep)
            elif "results" in turn:
                messages += [{"role": "tool", "tool_call_id": call["id"], "content": text} for call, text in turn["results"]]
            elif "image" in turn:
                messages.append({"role": "user", "content": [
                    {"type": "text", "text": turn["user"]}, {"type": "image_url", "image_url": {"url": turn["image"]}}]})
            else:
                messages.append({"role": "user", "content": turn["user"]})
        return messages

    def words(self, ask):
        words = {"model": ask.model, "messages": self.messages(ask)}
        if ask.tools:
            words["tools"] = [{"type": "function", "function": {
                "name": tool["name"], "description": tool["about"], "parameters": tool["schema"]}} for tool in ask.tools]
        if ask.choice:
            words["tool_choice"] = {"type": "function", "function": {"name": ask.choice}}
        if ask.schema:
            words["response_format"] = {"type": "json_schema", "json_schema": {
                "name": "answer", "strict": True, "schema": ask.schema}}
        if ask.think:
            words["reasoning_effort"] = "medium"
        if ask.cap:
            words["max_completion_tokens"] = ask.cap
        return words

    def usage(self, usage):
        details = usage.prompt_tokens_details
        return {"input": usage.prompt_tokens, "output": usage.completion_tokens,
                "cached": details and details.cached_tokens or 0}

    def said(self, message, finish, usage):
        calls = [{"id": call.id, "name": call.function.name, "arguments": json.loads(call.function.arguments)}
                 for call in message.tool_calls or []]
        return Said(message.content or "", getattr(message, "reasoning", None) or "", calls, finish, self.usage(usage),
                    message.model_dump(exclude_none=True))

    def say(self, ask, client=None):
        client = client or self.client
        if not ask.streamed:
            answer = client.chat.completions.create(**self.words(ask))
            return self.said(answer.choices[0].message, answer.choices[0].finish_reason, answer.usage)
        # The SDK's own gathering of a stream; it wants tools to be strict, and takes a cut answer for an error.
        thinking, details = "", []
        with client.chat.completions.stream(stream_options={"include_usage": True}, **self.strict(ask)) as stream:
            for event in stream:
                if event.type == "chunk" and event.chunk.choices:
                    delta = event.chunk.choices[0].delta
                    thinking += getattr(delta, "reasoning", None) or ""
                    details += getattr(delta, "reasoning_details", None) or []
            try:
                answer = stream.get_final_completion()
            except openai.LengthFinishReasonError as error:
                answer = error.completion
        said = self.said(answer.choices[0].message, answer.choices[0].finish_reason, answer.usage)
        said.thinking = thinking
        said.keep = {key: value for key, value in said.keep.items() if key in ("role", "content", "tool_calls", "refusal")}
        for call in said.keep.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
        if details:
            said.keep["reasoning_details"] = gathered(details)
        return said

    def strict(self, ask):
        words = self.words(ask)
        for tool in words.get("tools", []):
            tool["function"]["strict"] = True
        return words

    def fails(self, ask):
        client = self.client.with_options(api_key=ask.key) if ask.key else self.client
        try:
            self.say(ask, client)
        except openai.APIStatusError as error:
            return {"class": type(error).__name__, "status": error.status_code, "word": error.code, "says": error.message}
        except openai.APIError as error:
            return {"class": type(error).__name__, "status": None, "word": error.code, "says": error.message}
        return None

    def leave(self, ask):
        pieces = 0
        stream = self.client.chat.completions.create(**self.words(ask), stream=True)
        for _ in stream:
            pieces += 1
            if pieces == 3:
                break
        stream.close()
        return pieces


def gathered(details):
    """Pieces of reasoning_details with the same index are one, as OpenRouter's clients join them."""
    whole = {}
    for piece in details:
        one = whole.setdefault(piece.get("index", 0), {})
        for key, value in piece.items():
            one[key] = one.get(key, "") + value if key in ("text", "summary", "data") and value else value
    return list(whole.values())


if __name__ == "__main__":
    play(OpenAI)
