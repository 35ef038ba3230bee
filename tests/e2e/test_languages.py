"""Clients and providers that speak different languages: what is told, what is charged, and what of faults is seen."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.books import tokens
from support.ids import uuid_of
from support.languages import UPSTREAMS, stack_of_languages
from support.process import wait_until

HELLO = "Tell me something about rivers."
LINE = "data: "


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cluster):
    yield from stack_of_languages(tmp_path_factory.mktemp("languages") / "stack", cluster)


# ---- clients, each as plain HTTP; the SDKs have tests of their own ----

def events_of(text):
    return [json.loads(line[len(LINE):]) for line in text.splitlines() if line.startswith(LINE) and "[DONE]" not in line]


class Chat:
    path = "/v1/chat/completions"

    @staticmethod
    def body(model, text, stream, **more):
        body = {"messages": [{"role": "user", "content": text}], "model": model, "stream": stream, **more}
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body

    @staticmethod
    def read(answer, stream):
        if not stream:
            body = answer.json()
            choice, usage = body["choices"][0], body["usage"]
            return choice["message"]["content"], choice["finish_reason"], usage
        chunks = events_of(answer.text)
        assert answer.text.endswith("data: [DONE]\n\n")
        text = "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])
        finish = [c["finish_reason"] for chunk in chunks for c in chunk["choices"] if c["finish_reason"]]
        assert len(finish) == 1 and chunks[-1]["choices"] == []
        return text, finish[0], chunks[-1]["usage"]

    @staticmethod
    def tokens(usage):
        return usage["prompt_tokens"], usage["completion_tokens"]


class Messages:
    path = "/v1/messages"

    @staticmethod
    def body(model, text, stream, **more):
        return {"messages": [{"role": "user", "content": text}], "model": model, "max_tokens": 500, "stream": stream, **more}

    @staticmethod
    def read(answer, stream):
        finishes = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
        if not stream:
            body = answer.json()
            text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
            return text, finishes[body["stop_reason"]], body["usage"]
        events = events_of(answer.text)
        assert [event["type"] for event in events[:1] + events[-1:]] == ["message_start", "message_stop"]
        text = "".join(e["delta"].get("text", "") for e in events if e["type"] == "content_block_delta")
        last = [event for event in events if event["type"] == "message_delta"][-1]
        return text, finishes[last["delta"]["stop_reason"]], {**events[0]["message"]["usage"], **last["usage"]}

    @staticmethod
    def tokens(usage):
        return (usage["input_tokens"] + (usage.get("cache_read_input_tokens") or 0)
                + (usage.get("cache_creation_input_tokens") or 0), usage["output_tokens"])


class Generate:
    @staticmethod
    def body(model, text, stream, **more):
        return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}

    @staticmethod
    def read(answer, stream):
        bodies = events_of(answer.text) if stream else [answer.json()]
        parts = [part for body in bodies for part in body["candidates"][0].get("content", {}).get("parts", [])]
        text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        finish = [body["candidates"][0]["finishReason"] for body in bodies if body["candidates"][0].get("finishReason")]
        return text, {"STOP": "stop", "MAX_TOKENS": "length"}[finish[-1]], bodies[-1]["usageMetadata"]

    @staticmethod
    def tokens(usage):
        return usage["promptTokenCount"], usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)


class Responses:
    path = "/v1/responses"

    @staticmethod
    def body(model, text, stream, **more):
        return {"input": text, "model": model, "max_output_tokens": 500, "stream": stream, **more}

    @staticmethod
    def read(answer, stream):
        body = answer.json() if not stream else None
        if stream:
            events = events_of(answer.text)
            assert [event["sequence_number"] for event in events] == list(range(len(events)))
            body = events[-1]["response"]
            assert {event["response"]["id"] for event in events if "response" in event} == {body["id"]}
            told = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
        text = "".join(part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"])
        assert not stream or told == text
        reason = (body["incomplete_details"] or {}).get("reason")
        return text, {None: "stop", "max_output_tokens": "length"}[reason], body["usage"]

    @staticmethod
    def tokens(usage):
        return usage["input_tokens"], usage["output_tokens"]


CLIENTS = {"chat": Chat, "messages": Messages, "generate": Generate, "responses": Responses}


def path_of(client, model, stream):
    if client is not Generate:
        return client.path
    return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")


def ask(stack, upstream, client, stream, text=HELLO, **more):
    _, model, provider = UPSTREAMS[upstream]
    body = client.body(model, text, stream, **more)
    body["provider"] = {"only": [provider]}
    return stack.post(path_of(client, model, stream), body)


def events_by_answer(stack, answers):
    """The events of these answers, in their order; waited for all at once."""
    ids = [str(uuid_of(answer.headers["x-generation-id"])) for answer in answers]

    def rows():
        found = {str(row["event_id"]): row for row in stack.query(
            "SELECT e.*, o.name AS outcome_name FROM tollgate.usage_events e JOIN tollgate.outcomes o USING (outcome) "
            "WHERE event_id = ANY(%s::uuid[])", ids)}
        return [found[one] for one in ids] if len(found) == len(ids) else None

    return wait_until(rows, f"{len(ids)} events are posted", 60)


def is_right(upstream, client, answer, stream, call, event):
    """What was told, what the provider says it told, and the event agree."""
    text, finish, usage = CLIENTS[client].read(answer, stream)
    assert len(text) > 20 and finish == "stop"
    assert call["stream"] == stream and call["usage_told"] and call["end"] == "whole"
    assert event["outcome_name"] == "finished" and event["usage_from"] == 1 and event["charge_pico"] > 0
    assert tokens(event) == call["meters"]
    prompt = sum(count for meter, count in call["meters"].items() if meter not in ("output", "reasoning"))
    # Cohere shows tokens and bills units.
    if upstream != "cohere":
        assert CLIENTS[client].tokens(usage) == (prompt, call["meters"]["output"])
    elif client == "chat":
        assert usage["cost_details"]["billed_units"] == {"input_tokens": prompt, "output_tokens": call["meters"]["output"]}
    # An answer that passes as Gemini's has no place for it.
    if not (client == "generate" and "gemini" in upstream):
        assert round(float(usage["cost"]) * 10**12) == event["charge_pico"]


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_client_is_served_by_every_provider(stack, upstream):
    cases = [(client, stream) for client in CLIENTS for stream in (False, True)]
    answers = [ask(stack, upstream, CLIENTS[client], stream) for client, stream in cases]
    assert [answer.status_code for answer in answers] == [200] * len(cases), [answer.text for answer in answers]
    calls = stack.truth()[-len(cases):]
    for (client, stream), answer, call, event in zip(cases, answers, calls, events_by_answer(stack, answers)):
        is_right(upstream, client, answer, stream, call, event)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_what_is_said_is_what_was_meant(stack, upstream):
    """The same words, whoever asks and however: escapes, emoji, a quote and a line end survive both translations."""
    text = 'echo: "Ü" 🦊\n\\back\ttab'
    said = {CLIENTS[client].read(ask(stack, upstream, CLIENTS[client], stream, text=text), stream)[0]
            for client in CLIENTS for stream in (False, True)}
    assert said == {text.removeprefix("echo: ")}


TOOL = {"city": {"type": "string"}, "days": {"type": "integer"}}


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_tools_are_called_and_their_results_come_back(stack, upstream):
    schema = {"type": "object", "properties": TOOL, "required": ["city", "days"]}
    _, model, provider = UPSTREAMS[upstream]
    tools = [{"type": "function", "function": {"name": "weather", "description": "of a city", "parameters": schema}}]
    body = {"model": model, "provider": {"only": [provider]}, "tools": tools,
            "messages": [{"role": "user", "content": "Please use the tool."}]}
    first = stack.post("/v1/chat/completions", body).json()
    choice = first["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "weather" and set(json.loads(call["function"]["arguments"])) == {"city", "days"}
    body["messages"] += [choice["message"], {"role": "tool", "tool_call_id": call["id"], "content": "rain"},
                         {"role": "user", "content": "echo: so it rains"}]
    second = stack.post("/v1/chat/completions", body).json()
    assert second["choices"][0]["message"]["content"] == "so it rains"
    streamed = stack.post("/v1/messages", {
        "model": model, "provider": {"only": [provider]}, "max_tokens": 300, "stream": True,
        "tools": [{"name": "weather", "input_schema": schema}],
        "messages": [{"role": "user", "content": "Please use the tool."}]})
    events = events_of(streamed.text)
    parts = "".join(e["delta"]["partial_json"] for e in events if e.get("delta", {}).get("type") == "input_json_delta")
    assert set(json.loads(parts)) == {"city", "days"}
    assert [e for e in events if e["type"] == "message_delta"][-1]["delta"]["stop_reason"] == "tool_use"


# A fault, and what the client of a whole answer and of a stream sees when there is no other provider.
FAULTS = {
    "429": 429, "500": 503, "503": 503, "malformed": 502, "reset-mid": 503, "truncate": 502, "error-mid": 503,
}


def is_told(fault, answer, stream):
    if answer.status_code != 200:
        return answer.status_code in (FAULTS[fault], 502, 503) and "error" in answer.json()
    # It began before the fault came: the end is an error in the client's own words.
    ends = any(end in answer.text for end in ("[DONE]", "message_stop", "response.completed", "response.incomplete"))
    last = events_of(answer.text)[-1]
    return stream and not ends and "error" in last.get("response", last)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told_and_never_pass_for_an_answer(stack, fault):
    cases = [(upstream, client, stream) for upstream in UPSTREAMS for client in CLIENTS for stream in (False, True)]
    stack.faults(fault=fault, count=-1)
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda case: ask(stack, case[0], CLIENTS[case[1]], case[2]), cases))
    finally:
        httpx.delete(f"{stack.provider_url}/control").raise_for_status()
    for case, answer in zip(cases, answers):
        assert is_told(fault, answer, case[2]), (*case, answer.status_code, answer.text[-300:])
    for case, event in zip(cases, events_by_answer(stack, answers)):
        assert event["outcome_name"] in ("provider_failed", "provider_died"), case
