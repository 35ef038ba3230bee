"""OpenAI's Responses API by OpenAI's own SDK: of a provider that speaks it, and of one that speaks chats only."""

import json
from decimal import Decimal

import httpx
import openai
import pydantic
import pytest

from support.books import Prices, quantities, tokens
from support.ids import uuid_of

NATIVE = {"model": "openai/gpt-4.1", "extra_body": {"provider": {"only": ["openai"]}}}
TOLD = {"model": "anthropic/claude-sonnet-4.5", "extra_body": {"provider": {"only": ["anthropic"]}}}
BOTH = pytest.mark.parametrize("way", [NATIVE, TOLD], ids=["native", "told"])
HELLO = "Tell me something about rivers."
WEATHER = {"type": "function", "name": "weather", "description": "the weather of a city", "strict": True, "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"], "additionalProperties": False}}


class River(pydantic.BaseModel):
    name: str
    length_km: int


@pytest.fixture(scope="module")
def client(stack):
    return stack.client()


def charge_is_right(stack, generation, usage):
    """What the client was told, what was booked and what the provider saw are the same."""
    event = stack.event(generation)
    calls = [call for call in stack.truth() if call["request_id"] == generation]
    assert len(calls) == 1 and event["usage_from"] == 1
    assert tokens(event) == calls[0]["meters"]
    assert usage["input_tokens"] == calls[0]["meters"]["input"] + calls[0]["meters"]["cache_read"]
    assert usage["output_tokens"] == calls[0]["meters"]["output"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    prices = Prices(stack)
    charge = prices.charge(event["plan_version_id"], prices.base(event["price_version_id"], quantities(event)))
    assert event["charge_pico"] == charge > 0 and usage["cost"] * 10**12 == charge
    return calls[0]


@BOTH
def test_an_answer_and_its_price(stack, client, way):
    raw = client.responses.with_raw_response.create(input=HELLO, instructions="Be short.", **way)
    answer, body = raw.parse(), json.loads(raw.text, parse_float=Decimal)
    assert answer.object == "response" and answer.status == "completed" and answer.error is None
    assert answer.id.startswith("resp_tg1" if way is NATIVE else "resp_gen_")
    assert len(answer.output_text) > 20 and answer.output[-1].role == "assistant"
    assert answer.tools == [] and answer.tool_choice == "auto" and answer.parallel_tool_calls
    call = charge_is_right(stack, raw.headers["x-generation-id"], body["usage"])
    assert call["dialect"] == ("responses" if way is NATIVE else "openai")


@BOTH
def test_a_stream_is_put_together_by_the_sdk(stack, client, way):
    kinds = []
    with client.responses.stream(input=HELLO, **way) as stream:
        for event in stream:
            kinds.append((event.sequence_number, event.type))
        answer = stream.get_final_response()
        generation = stream._response.headers["x-generation-id"]
    numbers, names = zip(*kinds)
    assert list(numbers) == sorted(set(numbers))
    assert names[:4] == ("response.created", "response.in_progress", "response.output_item.added",
                         "response.content_part.added")
    assert names[-4:] == ("response.output_text.done", "response.content_part.done", "response.output_item.done",
                          "response.completed")
    assert set(names[4:-4]) == {"response.output_text.delta"}
    whole = client.responses.create(input=HELLO, **way)
    assert answer.output_text == whole.output_text and answer.usage.output_tokens == whole.usage.output_tokens
    event = stack.event(generation)
    assert event["charge_pico"] == round(answer.usage.cost * 10**12)


def test_a_stream_has_no_done(stack):
    for way in (NATIVE, TOLD):
        raw = stack.post("/v1/responses", {"model": way["model"], **way["extra_body"], "input": "hi", "stream": True})
        assert raw.headers["content-type"].startswith("text/event-stream")
        assert "[DONE]" not in raw.text
        frames = [json.loads(line[6:]) for line in raw.text.split("\n") if line.startswith("data: ")]
        ids = {frame["response"]["id"] for frame in frames if "response" in frame}
        assert len(ids) == 1 and frames[-1]["response"]["usage"]["cost"] > 0


@BOTH
def test_a_tool_is_called_and_answered(client, way):
    asked = [{"role": "user", "content": "use the tool: the weather of Basel"}]
    with client.responses.stream(input=asked, tools=[WEATHER], **way) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.function_call_arguments.delta")
        answer = stream.get_final_response()
    call = answer.output[-1]
    assert call.type == "function_call" and call.name == "weather" and call.call_id
    assert json.loads(call.arguments) == json.loads(deltas) and set(json.loads(deltas)) == {"city", "days"}
    told = [item.to_dict() for item in answer.output]
    for item in told:
        item.pop("parsed_arguments", None)
    further = client.responses.create(
        input=[*asked, *told, {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}],
        tools=[WEATHER], **way)
    assert further.status == "completed" and further.output_text


@BOTH
def test_an_answer_of_a_form(client, way):
    answer = client.responses.parse(input="Name a river.", text_format=River, **way)
    assert isinstance(answer.output_parsed, River)


@BOTH
def test_an_answer_that_is_cut_says_so(client, way):
    answer = client.responses.create(input=HELLO, max_output_tokens=16, **way)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage.output_tokens == 16


def test_a_model_that_speaks_nothing_else_answers_chats(stack, client):
    """OpenAI's models for code take no chats: a client of chats does not notice."""
    asked = {"model": "openai/gpt-5-codex", "messages": [{"role": "user", "content": "use the tool: Basel"}],
             "tools": [{"type": "function", "function": {k: v for k, v in WEATHER.items() if k != "type"}}],
             "extra_body": {"provider": {"only": ["openai"]}}}
    whole = client.chat.completions.with_raw_response.create(**asked)
    call = whole.parse().choices[0].message.tool_calls[0]
    assert set(json.loads(call.function.arguments)) == {"city", "days"}
    assert [line["dialect"] for line in stack.truth() if line["request_id"] == whole.headers["x-generation-id"]] == [
        "responses"]
    told = ""
    for chunk in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked):
        told += "".join(c.function.arguments or "" for one in chunk.choices for c in one.delta.tool_calls or [])
    assert json.loads(told) == json.loads(call.function.arguments) and chunk.usage.cost > 0


def refused(call, status, param):
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    assert caught.value.status_code == status and caught.value.param == param
    return caught.value.message


def test_what_a_provider_keeps_is_its_projects_alone(stack):
    tenant = stack.new_tenant()
    client = stack.client(key=tenant["key"])
    first = client.responses.create(input="echo: one", **NATIVE)
    second = client.responses.create(input="echo: two", previous_response_id=first.id, **NATIVE)
    assert second.id != first.id and second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens
    again = client.responses.retrieve(second.id)
    assert (again.id, again.previous_response_id) == (second.id, first.id)
    assert again.output_text == second.output_text
    items = client.responses.input_items.list(second.id)
    assert any("echo: two" in part.text for item in items.data for part in item.content)

    sibling = stack.client(key=stack.new_key(tenant=tenant["tenant"])["key"])
    assert sibling.responses.retrieve(second.id).output_text == second.output_text, "keys of one project share them"
    stack.query("INSERT INTO tollgate.projects (project_id, tenant_id, name) VALUES (gen_random_uuid(), %s, 'beside') "
                "RETURNING 1", uuid_of(tenant["tenant"]))
    beside = stack.client(key=stack.new_key("--project", "beside", tenant=tenant["tenant"])["key"])
    other = stack.client(key=stack.new_tenant()["key"])
    for call in (lambda: other.responses.retrieve(first.id), lambda: other.responses.delete(first.id),
                 lambda: other.responses.cancel(first.id), lambda: other.responses.input_items.list(first.id),
                 lambda: beside.responses.retrieve(first.id), lambda: beside.responses.input_items.list(first.id),
                 lambda: client.responses.retrieve(first.id[:-1] + "_")):
        assert "not found" in refused(call, 404, None)
    assert "not found" in refused(
        lambda: other.responses.create(input="a", previous_response_id=first.id, **NATIVE), 400, "previous_response_id")
    own = first.id.split("_", 2)[-1]
    assert "not found" in refused(lambda: client.responses.retrieve(own), 404, None), "not by the provider's own id"

    refused(lambda: client.responses.create(input="a", previous_response_id=first.id, model="openai/gpt-4o"), 400,
            "previous_response_id")
    assert client.responses.delete(first.id) is None
    refused(lambda: client.responses.retrieve(first.id), 404, None)
    last = client.responses.with_raw_response.create(input="echo: three", previous_response_id=second.id, **NATIVE)
    stack.event(last.headers["x-generation-id"])
    assert len(stack.events(tenant_id=uuid_of(tenant["tenant"]))) == 3, "only what is generated is billed"


def test_what_was_told_anew_is_kept_by_nobody(client):
    answer = client.responses.create(input=HELLO, **TOLD)
    assert answer.to_dict()["store"] is False
    for call, param in ((lambda: client.responses.retrieve(answer.id), "response_id"),
                        (lambda: client.responses.delete(answer.id), "response_id"),
                        (lambda: client.responses.cancel(answer.id), "response_id"),
                        (lambda: client.responses.create(input="a", previous_response_id=answer.id, **TOLD),
                         "previous_response_id")):
        assert "retention" in refused(call, 400, param)


def test_what_costs_more_or_belongs_to_all_is_refused(client):
    rows = (
        ("background", {"background": True}),
        ("conversation", {"conversation": "conv_1"}),
        ("prompt", {"prompt": {"id": "pmpt_1"}}),
        ("service_tier", {"service_tier": "priority"}),
        ("tools", {"tools": [{"type": "web_search"}]}),
        ("input", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    )
    for param, more in rows:
        refused(lambda: client.responses.create(**{"input": HELLO, **more, **NATIVE}), 400, param)


@BOTH
def test_a_stream_that_breaks_fails(stack, client, way):
    with pytest.raises((openai.APIError, RuntimeError)):
        with client.responses.stream(input=HELLO, user="fault=error-mid;after=3", **way) as stream:
            names = [event.type for event in stream]
            assert names[-1] == "response.failed"
            stream.get_final_response()
    raw = stack.post("/v1/responses", {"model": way["model"], **way["extra_body"], "input": HELLO, "stream": True,
                                       "user": "fault=cut;after=3"})
    frames = [json.loads(line[6:]) for line in raw.text.split("\n") if line.startswith("data: ")]
    last = frames[-1]
    assert last["type"] == "response.failed" and last["response"]["status"] == "failed"
    assert last["response"]["error"]["message"] and last["response"]["id"] == frames[0]["response"]["id"]
    assert last["sequence_number"] > frames[-2]["sequence_number"]


def test_paths_and_methods(stack):
    headers = {"authorization": f"Bearer {stack.key}"}
    for method, path, status in (("GET", "/v1/responses", 405), ("POST", "/v1/responses/resp_x", 405),
                                 ("GET", "/v1/responses/resp_x", 404), ("GET", "/v1/responses/resp_x/cancel", 405),
                                 ("GET", "/v1/responses/resp_x/other", 404), ("GET", "/v1/responses/", 404)):
        assert httpx.request(method, stack.url + path, headers=headers).status_code == status, (method, path)
    assert httpx.get(stack.url + "/v1/responses/resp_x").status_code == 401
