"""Small clients of every chat dialect, written from the providers' documentation, for test-fake-provider.py."""
import json
import struct
import zlib


def sse(body):
    """(event, data) of every event; data is JSON, or "[DONE]"."""
    events, text = [], body.decode().replace("\r\n", "\n")
    for block in text.split("\n\n"):
        if not block:
            continue
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        data = lines["data"]
        events.append((lines.get("event"), data if data == "[DONE]" else json.loads(data)))
    if text and not text.endswith("\n\n"):
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
    unfinished = set()       # faults that leave what is no whole body

    def can(self, wishes):
        return set(wishes) <= self.wishes

    def error_inside(self, status):
        return self.errors[status]

    error_in_stream = error_inside

    def meters(self, usage):
        try:
            return self.count(usage)
        except (AssertionError, AttributeError, KeyError, TypeError):
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


class AnthropicOnVertex(Anthropic):
    def request(self, text, stream, model="m", **wishes):
        path, _, body = super().request(text, stream, model=model, **wishes)
        verb = "streamRawPredict" if stream else "rawPredict"
        del body["model"]
        return (f"/v1/projects/p/locations/l/publishers/anthropic/models/{model}:{verb}", {},
                {"anthropic_version": "vertex-2023-10-16", **body})


class Gemini(Dialect):
    name = "gemini"
    root = "/v1beta"
    query = "?alt=sse"
    finish = {"stop": "STOP", "length": "MAX_TOKENS", "calls": "STOP", "stop_text": "STOP"}
    errors = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
              429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}

    def request(self, text, stream, cap=None, stops=None, tools=None, choice=None, schema=None, turns=None,
                spec_in_body=None, model="m"):
        body = {"contents": turns or [{"role": "user", "parts": [{"text": text}]}], "generationConfig": {}}
        config = body["generationConfig"]
        if cap is not None:
            config["maxOutputTokens"] = cap
        if stops:
            config["stopSequences"] = stops
        if tools:
            body["tools"] = [{"functionDeclarations": [{"name": name, "parameters": self.capitals(one)}
                                                       for name, one in tools.items()]}]
        if choice:
            mode = {"mode": "ANY"} if choice == "any" else {"mode": "ANY", "allowedFunctionNames": [choice]}
            body["toolConfig"] = {"functionCallingConfig": mode}
        if schema:
            config.update(responseMimeType="application/json", responseJsonSchema=schema)
        if spec_in_body:
            body["labels"] = {"fake": spec_in_body}
        path = f"{self.root}/models/{model}:" + ("streamGenerateContent" + self.query if stream else "generateContent")
        return path, {}, body

    def capitals(self, schema):
        if isinstance(schema, dict):
            return {name: one.upper() if name == "type" else self.capitals(one) for name, one in schema.items()}
        return schema

    def read_error(self, headers, body):
        if isinstance(body, list):
            assert self.query == ""
            body = body[0]
        assert isinstance(body["error"]["code"], int)
        return body["error"]["status"]

    def told_output(self, usage):
        return usage and usage["candidatesTokenCount"]

    def count(self, usage):
        cached, thoughts = usage.get("cachedContentTokenCount", 0), usage.get("thoughtsTokenCount", 0)
        output = usage["candidatesTokenCount"] + thoughts
        assert usage["totalTokenCount"] == usage["promptTokenCount"] + output
        return {"input": usage["promptTokenCount"] - cached, "cache_read": cached, "output": output,
                "reasoning": thoughts}

    def add(self, answer, event):
        answer.usage = event.get("usageMetadata") or answer.usage
        for candidate in event.get("candidates", []):
            for part in candidate["content"]["parts"]:
                if "functionCall" in part:
                    answer.calls.append((part["functionCall"]["name"], part["functionCall"]["args"]))
                    answer.signature = part["thoughtSignature"]
                elif part.get("thought"):
                    answer.thinking += part["text"]
                else:
                    answer.text += part["text"]
            answer.finish = candidate.get("finishReason") or answer.finish

    def read_whole(self, body):
        answer = Answer()
        self.add(answer, body)
        return self.close(answer)

    def events(self, body):
        return [event for _, event in sse(body)]

    def read_stream(self, body):
        answer = Answer()
        for event in self.events(body):
            if "error" in event:
                answer.error = event["error"]["status"]
            self.add(answer, event)
        # Until the end only the prompt is told.
        if answer.usage and "candidatesTokenCount" not in answer.usage:
            answer.usage = None
        return self.close(answer)


class GeminiArray(Gemini):
    query = ""
    stream_type = "application/json"
    unfinished = {"truncate", "no-done"}  # the array is left open

    def events(self, body):
        return json.loads(body)


class GeminiOnVertex(Gemini):
    root = "/v1beta1/projects/p/locations/l/publishers/google"


def frames(body):
    """(headers, payload) of every event stream message."""
    found = []
    while body:
        if len(body) < 16:
            raise ValueError("the body ends inside of a frame")
        size, header_size, check = struct.unpack(">III", body[:12])
        if zlib.crc32(body[:8]) != check:
            raise ValueError("the prelude's checksum is wrong")
        if len(body) < size:
            raise ValueError("the body ends inside of a frame")
        if zlib.crc32(body[:size - 4]) != struct.unpack(">I", body[size - 4:size])[0]:
            raise ValueError("the frame's checksum is wrong")
        headers, rest = {}, body[12:12 + header_size]
        while rest:
            name, rest = rest[1:1 + rest[0]].decode(), rest[1 + rest[0]:]
            assert rest[0] == 7
            length = struct.unpack(">H", rest[1:3])[0]
            headers[name], rest = rest[3:3 + length].decode(), rest[3 + length:]
        found.append((headers, body[12 + header_size:size - 4]))
        body = body[size:]
    return found


class Bedrock(Dialect):
    name = "bedrock"
    wishes = {"cap", "stops", "tools", "choice"}
    stream_type = "application/vnd.amazon.eventstream"
    writes_cache = True
    finish = {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use", "stop_text": "stop_sequence"}
    errors = {400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException",
              404: "ResourceNotFoundException", 429: "ThrottlingException", 500: "InternalServerException",
              503: "ServiceUnavailableException"}

    def request(self, text, stream, cap=None, stops=None, tools=None, choice=None, turns=None,
                spec_in_body=None, model="m"):
        body = {"messages": turns or [{"role": "user", "content": [{"text": text}]}], "inferenceConfig": {}}
        if cap is not None:
            body["inferenceConfig"]["maxTokens"] = cap
        if stops:
            body["inferenceConfig"]["stopSequences"] = stops
        if tools:
            body["toolConfig"] = {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": one}}}
                                            for name, one in tools.items()]}
        if choice:
            body["toolConfig"]["toolChoice"] = {"any": {}} if choice == "any" else {"tool": {"name": choice}}
        if spec_in_body:
            body["requestMetadata"] = {"fake": spec_in_body}
        return f"/model/{model}/converse" + ("-stream" if stream else ""), {}, body

    def read_error(self, headers, body):
        assert set(body) == {"message"}
        return headers["x-amzn-errortype"].split(":")[0] if headers else "inside"

    def error_inside(self, status):
        return "inside"

    def error_in_stream(self, status):
        return self.errors[status][0].lower() + self.errors[status][1:]

    def told_output(self, usage):
        return usage and usage["outputTokens"]

    def count(self, usage):
        written = {one["ttl"]: one["inputTokens"] for one in usage.get("cacheDetails", [])}
        assert sum(written.values()) == usage["cacheWriteInputTokens"]
        return {"input": usage["inputTokens"], "cache_read": usage["cacheReadInputTokens"],
                "cache_write": written.get("5m", 0), "cache_write_1h": written.get("1h", 0),
                "output": usage["outputTokens"]}

    def read_whole(self, body):
        answer = Answer()
        for block in body["output"]["message"]["content"]:
            if "reasoningContent" in block:
                reasoning = block["reasoningContent"]["reasoningText"]
                answer.thinking, answer.signature = reasoning["text"], reasoning["signature"]
            elif "toolUse" in block:
                answer.calls.append((block["toolUse"]["name"], block["toolUse"]["input"]))
            else:
                answer.text += block["text"]
        answer.finish, answer.usage = body.get("stopReason"), body.get("usage")
        return self.close(answer)

    def read_stream(self, body):
        answer, calls = Answer(), {}
        for headers, payload in frames(body):
            event = json.loads(payload)
            if headers[":message-type"] == "exception":
                answer.error = headers[":exception-type"]
                continue
            kind = headers[":event-type"]
            if kind == "contentBlockStart":
                calls[event["contentBlockIndex"]] = [event["start"]["toolUse"]["name"], ""]
            elif kind == "contentBlockDelta":
                delta = event["delta"]
                answer.text += delta.get("text", "")
                answer.thinking += delta.get("reasoningContent", {}).get("text", "")
                answer.signature = delta.get("reasoningContent", {}).get("signature", answer.signature)
                if "toolUse" in delta:
                    calls[event["contentBlockIndex"]][1] += delta["toolUse"]["input"]
            elif kind == "messageStop":
                answer.finish = event["stopReason"]
            elif kind == "metadata":
                answer.usage = event.get("usage") or answer.usage
        answer.calls = [tuple(calls[index]) for index in sorted(calls)]
        return self.close(answer)


class Cohere(Dialect):
    name = "cohere"
    wishes = {"cap", "stops", "tools", "schema"}
    spec_member = False
    ends_by = {"no-finish", "no-done"}
    finish = {"stop": "COMPLETE", "length": "MAX_TOKENS", "calls": "TOOL_CALL", "stop_text": "STOP_SEQUENCE"}
    errors = dict.fromkeys((400, 401, 403, 404, 429, 500, 503), "message")

    def request(self, text, stream, cap=None, stops=None, tools=None, choice=None, schema=None, turns=None,
                spec_in_body=None, model="m"):
        body = {"model": model, "stream": stream, "messages": turns or [{"role": "user", "content": text}]}
        if cap is not None:
            body["max_tokens"] = cap
        if stops:
            body["stop_sequences"] = stops
        if tools:
            body["tools"] = [{"type": "function", "function": {"name": name, "parameters": one}}
                             for name, one in tools.items()]
        if choice:
            body["tool_choice"] = "REQUIRED"
        if schema:
            body["response_format"] = {"type": "json_object", "json_schema": schema}
        return "/v2/chat", {}, body

    def can(self, wishes):
        return super().can(wishes) or wishes.get("choice") == "any"

    def read_error(self, headers, body):
        assert set(body) == {"id", "message"}
        return "message"

    def error_in_stream(self, status):
        return "ERROR"

    def told_output(self, usage):
        return usage and usage["billed_units"]["output_tokens"]

    def count(self, usage):
        assert usage["tokens"]["input_tokens"] > usage["billed_units"]["input_tokens"]
        return {"input": usage["billed_units"]["input_tokens"], "output": usage["billed_units"]["output_tokens"]}

    def read_whole(self, body):
        answer = Answer()
        for block in body["message"].get("content", []):
            if block["type"] == "thinking":
                answer.thinking += block["thinking"]
            else:
                answer.text += block["text"]
        answer.calls = [(call["function"]["name"], call["function"]["arguments"])
                        for call in body["message"].get("tool_calls", [])]
        answer.finish, answer.usage = body.get("finish_reason"), body.get("usage")
        return self.close(answer)

    def read_stream(self, body):
        answer = Answer()
        for name, event in sse(body):
            assert name == event["type"]
            if name == "content-delta":
                content = event["delta"]["message"]["content"]
                answer.text += content.get("text", "")
                answer.thinking += content.get("thinking", "")
            elif name == "tool-call-start":
                function = event["delta"]["message"]["tool_calls"]["function"]
                answer.calls.append((function["name"], function["arguments"]))
            elif name == "tool-call-delta":
                called, text = answer.calls[event["index"]]
                text += event["delta"]["message"]["tool_calls"]["function"]["arguments"]
                answer.calls[event["index"]] = (called, text)
            elif name == "message-end":
                if "error" in event["delta"]:
                    answer.error = event["delta"]["finish_reason"]
                    continue
                answer.usage = event["delta"].get("usage") or answer.usage
                answer.finish = event["delta"]["finish_reason"] or answer.finish
        return self.close(answer)


class Responses(Dialect):
    name = "responses"
    wishes = {"cap", "tools", "choice", "schema"}
    ends_by = {"no-finish", "no-done"}
    finish = {"stop": "completed", "length": "max_output_tokens", "calls": "completed"}
    errors = OpenAI.errors

    def error_inside(self, status):
        return "server_error"

    def error_in_stream(self, status):
        return "rate_limit_exceeded" if status == 429 else "server_error"

    def request(self, text, stream, cap=None, tools=None, choice=None, schema=None, turns=None, spec_in_body=None,
                model="m"):
        body = {"model": model, "input": text, "stream": stream}
        if turns:
            body["input"] = 7
        if cap is not None:
            body["max_output_tokens"] = cap
        if tools:
            body["tools"] = [{"type": "function", "name": name, "parameters": one} for name, one in tools.items()]
        if choice:
            body["tool_choice"] = "required" if choice == "any" else {"type": "function", "name": choice}
        if schema:
            body["text"] = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
        if spec_in_body:
            body["user"] = "fault=" + spec_in_body
        return "/v1/responses", {}, body

    def read_error(self, headers, body):
        return body["error"]["type"]

    def told_output(self, usage):
        return usage and usage["output_tokens"]

    def count(self, usage):
        cached = usage["input_tokens_details"]["cached_tokens"]
        return {"input": usage["input_tokens"] - cached, "cache_read": cached, "output": usage["output_tokens"],
                "reasoning": usage["output_tokens_details"]["reasoning_tokens"]}

    def read_item(self, answer, item):
        if item["type"] == "reasoning":
            answer.thinking, answer.signature = item["summary"][0]["text"], item["encrypted_content"]
        elif item["type"] == "message":
            answer.text += item["content"][0]["text"]
        else:
            answer.calls.append((item["name"], item["arguments"]))

    def read_whole(self, body):
        answer = Answer()
        for item in body["output"]:
            self.read_item(answer, item)
        incomplete = body["incomplete_details"]
        answer.finish, answer.usage = incomplete["reason"] if incomplete else body["status"], body.get("usage")
        return self.close(answer)

    def read_stream(self, body):
        """From the deltas; what is told whole later must be the same."""
        answer, told, items = Answer(), Answer(), {}
        for number, (name, event) in enumerate(sse(body)):
            assert (name, number) == (event["type"], event["sequence_number"])
            if name.endswith(".delta"):
                items[event["item_id"]]["said"] += event["delta"]
            elif name == "response.output_item.added":
                items[event["item"]["id"]] = {**event["item"], "said": ""}
            elif name == "response.output_item.done":
                self.read_item(told, event["item"])
            elif name == "response.failed":
                answer.error = event["response"]["error"]["code"]
            elif name in ("response.completed", "response.incomplete"):
                whole = self.read_whole(event["response"])
                answer.finish, answer.usage = whole.finish, whole.usage or answer.usage
                answer.signature = whole.signature
                assert (whole.text, whole.thinking) == (told.text, told.thinking)
        for item in items.values():
            if item["type"] == "reasoning":
                answer.thinking += item["said"]
            elif item["type"] == "message":
                answer.text += item["said"]
            else:
                answer.calls.append((item["name"], item["said"]))
        if answer.finish:
            assert (told.text, told.thinking, told.calls) == (answer.text, answer.thinking, answer.calls)
        return self.close(answer)


DIALECTS = [OpenAI(), Responses(), Anthropic(), AnthropicOnVertex(), Gemini(), GeminiArray(), GeminiOnVertex(), Bedrock(), Cohere()]
