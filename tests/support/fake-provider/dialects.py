"""Small clients of every chat dialect, written from the providers' documentation, for test-fake-provider.py."""
import json


def sse(body):
    """(event, data) of every event; data is JSON, or "[DONE]"."""
    events = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        if not block:
            continue
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        data = lines["data"]
        events.append((lines.get("event"), data if data == "[DONE]" else json.loads(data)))
    if not body.endswith(b"\n\n") and body:
        raise ValueError("the body ends inside of an event")
    return events


class Answer:
    def __init__(self):
        self.text, self.thinking, self.signature, self.calls = "", "", None, []
        self.finish, self.usage, self.meters, self.error = None, None, None, None

    def __eq__(self, other):
        return all(getattr(self, name) == getattr(other, name)
                   for name in ("text", "thinking", "signature", "calls", "finish", "usage"))

    def __repr__(self):
        return repr(self.__dict__)


class Dialect:
    """What most have in common."""
    stream_type = "text/event-stream"
    wishes = {"cap", "stops", "tools", "choice", "schema"}
    thinks = True
    writes_cache = False
    spec_member = True
    ends_by = {"no-finish"}  # faults that take the finish or the usage away
    def can(self, wishes):
        return set(wishes) <= self.wishes

    def error_inside(self, status):
        return self.errors[status]

    error_in_stream = error_inside

    def meters(self, usage):
        try:
            return self.count(usage)
        except (TypeError, KeyError, AttributeError):
            return None

    def close(self, answer):
        answer.meters = self.meters(answer.usage)
        answer.calls = [(name, json.loads(text) if isinstance(text, str) else text) for name, text in answer.calls]
        return answer


class OpenAI(Dialect):
    name = "openai"
    finish = {"stop": "stop", "length": "length", "calls": "tool_calls", "stop_text": "stop"}
    errors = {400: "invalid_request_error", 401: "invalid_request_error", 403: "permission_error",
              404: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error"}

    def error_inside(self, status):
        return "server_error"

    error_in_stream = error_inside

    def request(self, text, stream, cap=None, stops=None, tools=None, choice=None, schema=None, turns=None,
                spec_in_body=None, model="m"):
        body = {"model": model, "messages": turns or [{"role": "user", "content": text}]}
        if stream:
            body.update(stream=True, stream_options={"include_usage": True})
        if cap is not None:
            body["max_tokens"] = cap
        if stops:
            body["stop"] = stops
        if tools:
            body["tools"] = [{"type": "function", "function": {"name": name, "parameters": one}}
                             for name, one in tools.items()]
        if choice:
            body["tool_choice"] = ("required" if choice == "any" else
                                   {"type": "function", "function": {"name": choice}})
        if schema:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        if spec_in_body:
            body["user"] = "fault=" + spec_in_body
        return "/v1/chat/completions", {}, body

    def read_error(self, headers, body):
        return body["error"]["type"]

    def told_output(self, usage):
        return usage and usage["completion_tokens"]

    def count(self, usage):
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        return {"input": usage["prompt_tokens"] - cached, "cache_read": cached, "output": usage["completion_tokens"],
                "reasoning": usage["completion_tokens_details"]["reasoning_tokens"]}

    def read_whole(self, body):
        answer = Answer()
        message = body["choices"][0]["message"]
        answer.text, answer.thinking = message["content"] or "", message.get("reasoning_content", "")
        answer.calls = [(call["function"]["name"], call["function"]["arguments"])
                        for call in message.get("tool_calls", [])]
        answer.finish, answer.usage = body["choices"][0]["finish_reason"], body.get("usage")
        return self.close(answer)

    def read_stream(self, body):
        answer = Answer()
        for _, event in sse(body):
            if event == "[DONE]":
                continue
            if "error" in event:
                answer.error = event["error"]["type"]
                continue
            answer.usage = event.get("usage") or answer.usage
            for choice in event["choices"]:
                delta = choice["delta"]
                answer.text += delta.get("content") or ""
                answer.thinking += delta.get("reasoning_content") or ""
                answer.finish = choice["finish_reason"] or answer.finish
                for call in delta.get("tool_calls", []):
                    if call["index"] == len(answer.calls):
                        answer.calls.append((call["function"]["name"], ""))
                    name, text = answer.calls[call["index"]]
                    answer.calls[call["index"]] = (name, text + call["function"]["arguments"])
        return self.close(answer)


class Anthropic(Dialect):
    name = "anthropic"
    writes_cache = True
    finish = {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use", "stop_text": "stop_sequence"}
    errors = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
              404: "not_found_error", 429: "rate_limit_error", 500: "api_error", 503: "overloaded_error"}

    def request(self, text, stream, cap=None, stops=None, tools=None, choice=None, schema=None, turns=None,
                spec_in_body=None, model="m"):
        body = {"model": model, "max_tokens": 4096 if cap is None else cap,
                "messages": turns or [{"role": "user", "content": [{"type": "text", "text": text}]}]}
        if stream:
            body["stream"] = True
        if stops:
            body["stop_sequences"] = stops
        if tools:
            body["tools"] = [{"name": name, "input_schema": one} for name, one in tools.items()]
        if choice:
            body["tool_choice"] = {"type": "any"} if choice == "any" else {"type": "tool", "name": choice}
        if schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if spec_in_body:
            body["metadata"] = {"user_id": "fault=" + spec_in_body}
        return "/v1/messages", {"anthropic-version": "2023-06-01"}, body

    def read_error(self, headers, body):
        assert body["type"] == "error" and body["request_id"]
        return body["error"]["type"]

    def told_output(self, usage):
        return usage and usage["output_tokens"]

    def count(self, usage):
        written = usage.get("cache_creation") or {}
        return {"input": usage["input_tokens"], "cache_read": usage["cache_read_input_tokens"],
                "cache_write": written.get("ephemeral_5m_input_tokens", 0),
                "cache_write_1h": written.get("ephemeral_1h_input_tokens", 0), "output": usage["output_tokens"]}

    def read_whole(self, body):
        answer = Answer()
        for block in body["content"]:
            if block["type"] == "thinking":
                answer.thinking, answer.signature = block["thinking"], block["signature"]
            elif block["type"] == "text":
                answer.text += block["text"]
            else:
                answer.calls.append((block["name"], block["input"]))
        answer.finish, answer.usage = body["stop_reason"], body.get("usage")
        return self.close(answer)

    def read_stream(self, body):
        answer, blocks, last = Answer(), {}, None
        for name, event in sse(body):
            assert name == event["type"], name
            if name == "error":
                answer.error = event["error"]["type"]
            elif name == "content_block_start":
                blocks[event["index"]] = event["content_block"]
                if event["content_block"]["type"] == "tool_use":
                    blocks[event["index"]]["input"] = ""
            elif name == "content_block_delta":
                delta, block = event["delta"], blocks[event["index"]]
                member = {"thinking_delta": "thinking", "text_delta": "text", "signature_delta": "signature",
                          "input_json_delta": "input"}[delta["type"]]
                block[member] += delta["partial_json" if member == "input" else member]
            elif name == "message_delta":
                answer.usage = event.get("usage") or answer.usage
                answer.finish = event["delta"]["stop_reason"] or answer.finish
            last = name
        for block in blocks.values():
            answer.text += block.get("text", "")
            answer.thinking += block.get("thinking", "")
            answer.signature = block.get("signature", answer.signature)
            if block["type"] == "tool_use":
                answer.calls.append((block["name"], block["input"]))
        return self.close(answer)


DIALECTS = [OpenAI(), Anthropic()]
