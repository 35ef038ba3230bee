"""What a customer gets who changed nothing but base_url: the real SDK of OpenAI against the gateway."""

import base64
import json
import re
import struct
from decimal import Decimal

import httpx
import openai
import pytest

from support.books import Prices, quantities, tokens

CHAT = "openai/gpt-4.1"
EMBEDDING = "openai/text-embedding-3-small"
HELLO = [{"role": "user", "content": "Tell me something about rivers."}]
WEATHER = {"type": "function", "function": {"name": "weather", "description": "the weather of a city", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"], "additionalProperties": False}}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {
    "type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}}


@pytest.fixture(scope="module")
def client(stack):
    return stack.client()


def one_call(stack, generation):
    """The provider's own line of that request, which was served at the first attempt."""
    calls = [call for call in stack.truth() if call["request_id"] == generation]
    assert len(calls) == 1
    return calls[0]


def whole_usage_is_right(stack, generation, usage):
    """The usage told, the event, the provider's truth and the price agree to 1e-12 USD. `usage` has Decimals."""
    event, call = stack.event(generation), one_call(stack, generation)
    assert event["outcome_name"] == "finished" and event["usage_from"] == 1
    assert tokens(event) == call["meters"]
    assert usage["prompt_tokens"] == call["meters"]["input"] + call["meters"]["cache_read"]
    assert usage.get("completion_tokens", 0) == call["meters"]["output"]
    prices = Prices(stack)
    base = prices.base(event["price_version_id"], quantities(event))
    charge = prices.charge(event["plan_version_id"], base)
    assert event["charge_pico"] == charge > 0
    assert usage["cost"] * 10**12 == charge
    details = usage["cost_details"]
    assert Decimal(details["base"]) * 10**12 == base
    assert Decimal(details["base"]) - Decimal(details["discount"]) + Decimal(details["markup"]) == usage["cost"]
    assert "upstream" not in details, "it would show our margin"
    return event


def test_an_answer_and_its_price(stack, client):
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=HELLO)
    answer = raw.parse()
    assert answer.object == "chat.completion" and answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.role == "assistant" and len(answer.choices[0].message.content) > 20
    body = json.loads(raw.text, parse_float=Decimal)
    whole_usage_is_right(stack, raw.headers["x-generation-id"], body["usage"])
    assert re.search(r'"cost":0\.\d+[,}]', raw.text), "a number with all its decimals, no exponent"


def test_the_headers_of_an_answer(stack):
    answer = stack.post("/v1/chat/completions", {"model": CHAT, "messages": HELLO},
                        headers={"x-request-id": "mine-7"})
    headers = answer.headers
    assert answer.status_code == 200
    assert headers["x-generation-id"].startswith("gen_") and len(headers["x-generation-id"]) == 30
    assert headers["x-request-id"] == headers["x-generation-id"]
    assert headers["x-client-request-id"] == "mine-7"
    assert headers["x-tollgate-model"] == CHAT
    assert headers["x-tollgate-provider"] == "sandbox"
    assert headers["x-tollgate-attempts"] == "1"
    assert headers["x-tollgate-cache"] in ("miss", "bypass")
    assert 0 < int(headers["x-tollgate-overhead-us"]) < 1_000_000
    assert headers["content-type"].startswith("application/json")
    row = stack.event(headers["x-generation-id"])
    log = stack.query("SELECT * FROM tollgate.request_log WHERE event_id = %s", row["event_id"])
    assert [line["client_request_id"] for line in log] == ["mine-7"]


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
@pytest.mark.parametrize("header, value", [("authorization", "Bearer {}"), ("x-api-key", "{}"),
                                           ("x-goog-api-key", "{}")])
def test_the_key_may_stand_in_any_of_three_headers(stack, prefix, header, value):
    answer = httpx.post(f"{stack.url}{prefix}/chat/completions", headers={header: value.format(stack.key)},
                        json={"model": CHAT, "messages": HELLO, "max_tokens": 3})
    assert answer.status_code == 200 and answer.json()["choices"][0]["finish_reason"] == "length"


def test_a_key_without_its_sk_is_taken(stack):
    assert stack.key.startswith("sk-tg1_live_")
    answer = httpx.get(f"{stack.url}/v1/models", headers={"authorization": f"Bearer {stack.key[3:]}"})
    assert answer.status_code == 200


def test_a_stream_without_usage_shows_none(stack, client):
    raw = stack.post("/v1/chat/completions", {"model": CHAT, "messages": HELLO, "stream": True})
    frames = [line[6:] for line in raw.text.split("\n") if line.startswith("data: ")]
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert frames[-1] == "[DONE]"
    chunks = [json.loads(frame) for frame in frames[:-1]]
    assert all(not chunk.get("usage") for chunk in chunks), "whatever goes upstream, who did not ask gets none"
    assert all(chunk["choices"] for chunk in chunks)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    event = stack.event(raw.headers["x-generation-id"])
    assert tokens(event) == one_call(stack, raw.headers["x-generation-id"])["meters"]
    assert event["usage_from"] == 1 and event["charge_pico"] > 0


def test_a_stream_with_usage_tells_it_last_with_its_price(stack, client):
    body = {"model": CHAT, "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    raw = stack.post("/v1/chat/completions", body)
    frames = [line[6:] for line in raw.text.split("\n") if line.startswith("data: ")]
    assert frames[-1] == "[DONE]"
    chunks = [json.loads(frame, parse_float=Decimal) for frame in frames[:-1]]
    assert [bool(chunk.get("usage")) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["choices"] == []
    whole_usage_is_right(stack, raw.headers["x-generation-id"], chunks[-1]["usage"])


@pytest.mark.parametrize("include_usage", [True, False])
def test_the_sdk_reads_a_stream(client, include_usage):
    whole = client.chat.completions.create(model=CHAT, messages=HELLO).choices[0].message.content
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    chunks = list(client.chat.completions.create(model=CHAT, messages=HELLO, stream=True, **options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
    assert (chunks[-1].usage is not None) == include_usage


def test_a_stream_cut_at_every_byte_gives_the_same(stack):
    """Characters that the provider splits over chunks survive."""
    body = {"model": CHAT, "messages": HELLO, "stream": True}
    plain, split = (stack.post("/v1/chat/completions", {**body, **more}) for more in ({}, {"user": "fault=split"}))

    def content(answer):
        return "".join(json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
                       for line in answer.text.split("\n") if line.startswith("data: {"))

    assert content(split) == content(plain)
    assert any(ord(letter) > 127 for letter in content(plain)), "there was something to split"


def calls_of(message):
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]


def test_tools_whole_and_streamed(client):
    ask = {"model": CHAT, "messages": [{"role": "user", "content": "use the tool"}], "tools": [WEATHER, CLOCK]}
    whole = client.chat.completions.create(**ask)
    assert whole.choices[0].finish_reason == "tool_calls"
    (name, arguments), = calls_of(whole.choices[0].message)
    assert name == "weather" and set(arguments) == {"city", "days"} and isinstance(arguments["days"], int)
    with client.chat.completions.stream(**ask) as stream:
        streamed = stream.get_final_completion()
    assert calls_of(streamed.choices[0].message) == calls_of(whole.choices[0].message)
    assert streamed.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", [False, True])
def test_tools_in_parallel(client, stream):
    ask = {"model": CHAT, "messages": [{"role": "user", "content": "use the tools"}], "tools": [WEATHER, CLOCK],
           "parallel_tool_calls": True}
    if stream:
        with client.chat.completions.stream(**ask) as chunks:
            answer = chunks.get_final_completion()
    else:
        answer = client.chat.completions.create(**ask)
    assert [name for name, _ in calls_of(answer.choices[0].message)] == ["weather", "clock"]
    assert len({call.id for call in answer.choices[0].message.tool_calls}) == 2


def test_the_result_of_a_tool_goes_back(stack, client):
    answer = client.chat.completions.create(model=CHAT, tools=[WEATHER], messages=[
        {"role": "user", "content": "what is the weather?"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Ulm\"}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "user", "content": "echo: so it rains"}])
    assert answer.choices[0].message.content == "so it rains"


def test_json_mode_and_schema(client):
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)
    schema = {"type": "object", "properties": {"rivers": {"type": "array", "items": {"type": "string"}},
                                               "long": {"type": "boolean"}}, "required": ["rivers", "long"]}
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, response_format={
        "type": "json_schema", "json_schema": {"name": "rivers", "schema": schema, "strict": True}})
    made = json.loads(answer.choices[0].message.content)
    assert isinstance(made["rivers"], list) and isinstance(made["long"], bool)


@pytest.mark.parametrize("stream", [False, True])
def test_two_choices_are_both_paid(stack, stream):
    raw = stack.post("/v1/chat/completions", {"model": CHAT, "messages": HELLO, "n": 2, "stream": stream,
                                              **({"stream_options": {"include_usage": True}} if stream else {})})
    if stream:
        chunks = [json.loads(line[6:], parse_float=Decimal) for line in raw.text.split("\n")
                  if line.startswith("data: {")]
        usage, indices = chunks[-1]["usage"], {c["choices"][0]["index"] for c in chunks if c["choices"]}
    else:
        body = json.loads(raw.text, parse_float=Decimal)
        usage, indices = body["usage"], {choice["index"] for choice in body["choices"]}
    assert indices == {0, 1}
    whole_usage_is_right(stack, raw.headers["x-generation-id"], usage)


def test_embeddings_as_numbers_and_as_base64(stack, client):
    texts = ["one river", "two rivers"]
    numbers = client.embeddings.with_raw_response.create(model=EMBEDDING, input=texts, encoding_format="float")
    packed = stack.post("/v1/embeddings", {"model": EMBEDDING, "input": texts, "encoding_format": "base64"})
    vectors = [item.embedding for item in numbers.parse().data]
    for vector, item in zip(vectors, packed.json()["data"], strict=True):
        raw = base64.b64decode(item["embedding"])
        assert struct.unpack(f"<{len(vector)}f", raw) == pytest.approx(vector, abs=1e-6)
    body = json.loads(numbers.text, parse_float=Decimal)
    event = whole_usage_is_right(stack, numbers.headers["x-generation-id"], body["usage"])
    assert event["output_tokens"] == 0
    assert len(client.embeddings.create(model=EMBEDDING, input=texts, dimensions=64).data[0].embedding) == 64


def test_the_smallest_price_is_exact(stack):
    """One token of text-embedding-3-small at 10 % markup: 22,000 pico."""
    raw = stack.post("/v1/embeddings", {"model": EMBEDDING, "input": "a"})
    usage = json.loads(raw.text, parse_float=Decimal)["usage"]
    assert usage["prompt_tokens"] == 1
    event = whole_usage_is_right(stack, raw.headers["x-generation-id"], usage)
    assert event["base_pico"] == 20_000 and event["charge_pico"] == 22_000
    assert '"cost":0.000000022' in raw.text


def test_cached_and_reasoning_tokens_are_priced_apart(stack):
    raw = stack.post("/v1/chat/completions", {"model": CHAT, "messages": [
        {"role": "user", "content": "[[cached]] " + "a long text of many words " * 40}],
        "user": "fake:reasoning=30"})
    usage = json.loads(raw.text, parse_float=Decimal)["usage"]
    event = whole_usage_is_right(stack, raw.headers["x-generation-id"], usage)
    assert event["cache_read_tokens"] > 0 and event["reasoning_tokens"] == 30
    assert usage["prompt_tokens_details"]["cached_tokens"] == event["cache_read_tokens"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 30


def test_the_list_of_models(stack, client):
    models = {model.id: model for model in client.models.list()}
    assert len(models) >= 300
    assert {CHAT, EMBEDDING} <= set(models)
    model = httpx.get(f"{stack.url}/v1/models/openai/gpt-4.1",
                      headers={"authorization": f"Bearer {stack.key}"}).json()
    assert model["id"] == CHAT and model["object"] == "model" and model["owned_by"] == "openai"
    assert Decimal(model["pricing"]["prompt"]) == Decimal("0.000002")
    assert Decimal(model["pricing"]["completion"]) == Decimal("0.000008")


def test_one_model_as_the_sdk_writes_its_path(client):
    """The SDK sends the slash of a model's name as %2F."""
    assert client.models.retrieve(CHAT).id == CHAT
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("openai/gpt-4.1-but-not-really")


def test_an_alias_is_served_and_the_answer_names_the_model(stack):
    answer = stack.post("/v1/chat/completions", {"model": "gpt-4.1", "messages": HELLO})
    assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == CHAT
    event = stack.event(answer.headers["x-generation-id"])
    assert (event["model_asked"], event["model"]) == ("gpt-4.1", CHAT)


def test_what_we_do_not_know_goes_through(stack):
    """Unknown members reach the provider byte for byte: this one reads its fault from `metadata`."""
    answer = stack.post("/v1/chat/completions", {
        "model": CHAT, "messages": HELLO, "metadata": {"fake": "tokens=5"}, "a_member_of_tomorrow": {"x": [1, "é"]},
        "user": "someone", "tags": ["team=blue"], "session_id": "s-1", "logit_bias": {"50256": -100}})
    assert answer.status_code == 200
    event = stack.event(answer.headers["x-generation-id"])
    assert event["output_tokens"] == 5
    log, = stack.query("SELECT * FROM tollgate.request_log WHERE event_id = %s", event["event_id"])
    assert log["session_id"] == "s-1" and log["end_user"] and log["end_user"] != "someone", "a pseudonym"
    assert "team" in json.dumps(log["tags"])
    assert "rivers" not in json.dumps(log, default=str), "no prompt, ever"


def test_sdk_headers_of_an_organization_are_ignored(stack):
    client = stack.client(organization="org-1", project="proj_1")
    assert client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=2).choices


def test_the_body_keeps_the_providers_id_and_model(stack):
    answer = stack.post("/v1/chat/completions", {"model": CHAT, "messages": HELLO})
    assert answer.json()["id"].startswith("chatcmpl") and answer.json()["model"] == "gpt-4.1"


def test_health(stack):
    assert httpx.get(f"{stack.url}/healthz").status_code == 200
    assert httpx.get(f"{stack.url}/readyz").status_code == 200
    assert httpx.get(f"{stack.url}/metrics").status_code == 404, "metrics stand on the ops listener only"
    metrics = stack.gateway.metrics()
    assert metrics['tollgate_requests_total{endpoint="chat.completions",status="200"}'] > 0
