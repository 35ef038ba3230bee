"""A provider dies in the midst of its answer: it goes on at another one, as one stream with one charge."""

import json
import uuid

import anthropic
import httpx
import pytest
from google import genai

from support.books import Prices, quantities
from support.ids import uuid_of
from support.process import wait_until
from support.stack import Stack
from test_languages import CLIENTS, events_by_answer, events_of, path_of

# Languages of providers.
BASES = {"openai": "/v1", "anthropic": "/v1", "vertex-anthropic": "/v1", "gemini": "/v1beta",
         "vertex-gemini": "/v1/publishers/google", "bedrock": "", "responses": "/v1"}
GPT, CLAUDE, GEMINI = "openai/gpt-4.1-mini", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash"
NEW_CLAUDE = "anthropic/claude-opus-4.6"  # takes no answer that began
# Who begins, who goes on.
PAIRS = {"openai-azure": (GPT, ["openai", "azure"]), "anthropic-bedrock": (CLAUDE, ["anthropic", "amazon-bedrock"]),
         "bedrock-anthropic": (CLAUDE, ["amazon-bedrock", "anthropic"]), "google-vertex": (GEMINI, ["google", "google-vertex"]),
         "three": (CLAUDE, ["anthropic", "google-vertex", "amazon-bedrock"]), "new": (NEW_CLAUDE, ["anthropic", "google-vertex"])}
FAULTS = ["cut", "reset-mid", "stall-mid", "error-mid"]
HELLO = "Tell me something about bridges."
OFF = {"x-tollgate-continue-on-failure": "0"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cluster):
    stack = Stack(tmp_path_factory.mktemp("continue") / "stack", cluster, gateways=0)
    try:
        stack.add_gateway(0, upstream=[f"{name}={stack.provider_url}{base}" for name, base in BASES.items()])
        stack.change("UPDATE tollgate.deployments SET idle_timeout_ms = 300 WHERE model = ANY (%s)", [GPT, CLAUDE, GEMINI])
        stack.change("INSERT INTO tollgate.tenant_routing (tenant_id, continue_on_failure) VALUES (%s, true)",
                     uuid_of(stack.tenant))
        yield stack
    finally:
        stack.stop()


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def ask(stack, pair, client, text=HELLO, headers=None, key=None, **more):
    model, order = PAIRS[pair]
    body = CLIENTS[client].body(model, text, True, **more)
    body["provider"] = {"order": order, "only": order}
    return stack.post(path_of(CLIENTS[client], model, True), body, headers=headers or {}, key=key)


def fails(stack, fault, after=5, count=1):
    stack.faults(fault=f"{fault};after={after}", count=count)


def seen(stack, since):
    """The calls from there on. Providers that are no sandbox are told no ids of ours; the last one may be a moment late."""
    return wait_until(lambda: [call for call in stack.truth(body=1) if call["seq"] > since], "the provider's truth")


def newest(stack):
    return max((call["seq"] for call in stack.truth()), default=0)


def attempts_of(stack, event):
    log, = stack.query("SELECT attempts FROM tollgate.request_log WHERE event_id = %s", event["event_id"])
    return log["attempts"]


def is_charged_once(stack, event, calls, prices):
    """As if the first one had written it all: its input, what all of them said, its price."""
    said = sum(call["meters"]["output"] for call in calls)
    assert event["outcome_name"] == "finished" and event["charge_pico"] == event["told_pico"] > 0
    # Each attempt's text is counted for itself: what makes one token may be parted once for each.
    assert abs(event["output_tokens"] - said) < len(calls)
    assert event["input_tokens"] == calls[0]["meters"]["input"]
    base = prices.base(event["price_version_id"], quantities(event))
    assert event["base_pico"] == base and event["charge_pico"] == prices.charge(event["plan_version_id"], base)
    attempts = attempts_of(stack, event)
    assert [attempt.get("delivered", False) for attempt in attempts] == [True] * len(calls)
    assert event["deployment_id"] == uuid.UUID(uuid_of(attempts[0]["deployment"]))
    assert event["cost_pico"] == sum(attempt["cost_pico"] for attempt in attempts)
    assert min(attempt["cost_pico"] for attempt in attempts) > 0
    return attempts


@pytest.fixture(scope="module")
def wholes(stack):
    """What is answered where nothing fails."""
    return {(client, pair): CLIENTS[client].read(ask(stack, pair, client), True)[0] for client in CLIENTS for pair in PAIRS}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_answer_goes_on(stack, wholes, fault):
    # A silence takes its time: each client, and each pair, meets it once.
    cases = (list(zip(CLIENTS, PAIRS)) if fault == "stall-mid" else
             [(client, pair) for client in CLIENTS for pair in list(PAIRS)[:4]])
    since, answers = newest(stack), []
    for client, pair in cases:
        fails(stack, fault)
        answers.append(ask(stack, pair, client))
    calls, prices = seen(stack, since), Prices(stack)
    assert len(calls) == 2 * len(cases)
    for number, ((client, pair), answer, event) in enumerate(zip(cases, answers, events_by_answer(stack, answers))):
        text, finish, usage = CLIENTS[client].read(answer, True)
        assert text == wholes[client, pair] and finish == "stop", answer.text
        attempts = is_charged_once(stack, event, calls[2 * number:2 * number + 2], prices)
        assert [attempt["status"] for attempt in attempts] == [200, 200] and attempts[0]["reason"] != attempts[1]["reason"]
        assert CLIENTS[client].tokens(usage) == (event["input_tokens"], event["output_tokens"])
        assert usage["tollgate"] == {"continued": 1}
        assert round(float(usage["cost"]) * 10**12) == event["charge_pico"]
        assert (": continued\n" in answer.text) == (client in ("chat", "responses"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_second_death_goes_on_again(stack, wholes, client):
    since = newest(stack)
    fails(stack, "cut", count=2)
    answer = ask(stack, "three", client)
    text, finish, usage = CLIENTS[client].read(answer, True)
    assert text == wholes[client, "three"] and finish == "stop"
    assert usage["tollgate"] == {"continued": 2}
    event, calls = stack.event(answer.headers["x-generation-id"]), seen(stack, since)
    assert len(calls) == 3
    is_charged_once(stack, event, calls, Prices(stack))


def ended_in_band(answer):
    assert answer.status_code == 200
    last = events_of(answer.text)[-1]
    ends = any(end in answer.text for end in ("[DONE]", "message_stop", "response.completed", "response.incomplete"))
    return not ends and "error" in last.get("response", last)


@pytest.mark.parametrize("client", CLIENTS)
def test_when_nobody_goes_on(stack, client):
    """What both said is paid, as counted; the end is the error that it is without any of this."""
    since = newest(stack)
    fails(stack, "reset-mid", count=2)
    answer = ask(stack, "anthropic-bedrock", client)
    assert ended_in_band(answer), answer.text
    event, calls = stack.event(answer.headers["x-generation-id"]), seen(stack, since)
    assert event["outcome_name"] == "provider_died" and event["usage_from"] == 2 and len(calls) == 2
    assert abs(event["output_tokens"] - sum(call["meters"]["output"] for call in calls)) < 2
    assert event["charge_pico"] == event["told_pico"] > 0


SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {name: {"type": "string"} for name in "abcdef"}, "required": list("abcdef")}}}
NOT_THEN = {
    "the client says no": {"headers": OFF},
    "json": {"response_format": {"type": "json_object"}},
    "a schema": {"response_format": SCHEMA},
    "logprobs": {"logprobs": True},
    "several answers": {"n": 2},
    "a call has begun": {"tools": [TOOL], "text": "Please use the tool."},
}


@pytest.mark.parametrize("case", NOT_THEN)
def test_not_then(stack, case):
    since = newest(stack)
    fails(stack, "cut", after=2)
    answer = ask(stack, "openai-azure", "chat", **NOT_THEN[case])
    assert ended_in_band(answer), answer.text
    assert len(seen(stack, since)) == 1


def test_not_for_a_tenant_that_does_not_allow_it(stack):
    since = newest(stack)
    fails(stack, "cut")
    other = stack.new_tenant()
    answer = ask(stack, "openai-azure", "chat", key=other["key"], headers={"x-tollgate-continue-on-failure": "1"})
    assert ended_in_band(answer) and len(seen(stack, since)) == 1


def test_models_that_take_no_such_beginning_are_passed_over(stack):
    since = newest(stack)
    fails(stack, "cut")
    assert ended_in_band(ask(stack, "new", "messages")) and len(seen(stack, since)) == 1


def test_the_cap_is_what_is_left_and_reasons_are_told(stack):
    since = newest(stack)
    fails(stack, "cut", after=8)
    answer = ask(stack, "openai-azure", "chat", max_tokens=400, stop=["never said"],
                 headers={"x-tollgate-trace": "1"})
    first, second = seen(stack, since)
    asked = json.loads(second["body"])
    assert asked["max_completion_tokens"] == 400 - first["meters"]["output"] and asked["stop"] == ["never said"]
    assert asked["messages"][0] == {"role": "user", "content": HELLO} and asked["messages"][-1]["role"] == "assistant"
    trace, = [chunk["tollgate"] for chunk in events_of(answer.text) if "tollgate" in chunk]
    assert trace["continued"] == 1 and [attempt["status"] for attempt in trace["attempts"]] == [200, 200]


@pytest.mark.parametrize("pair", ["openai-azure", "anthropic-bedrock"])
def test_blanks_at_the_seam_are_told_once(stack, pair):
    """No provider takes them at the end of what it is to go on from."""
    text = "one \n\n two \t\n three  four"
    for after in (1, 2, 3, 4):
        fails(stack, "cut", after=after)
        answer = ask(stack, pair, "messages", text="echo: " + text)
        assert CLIENTS["messages"].read(answer, True)[0] == text, after


# ---- SDKs ----

def say_openai(stack, model, order):
    with stack.client().chat.completions.stream(model=model, messages=[{"role": "user", "content": HELLO}],
                                                extra_body={"provider": {"order": order, "only": order}}) as stream:
        return stream.get_final_completion().choices[0].message.content


def say_responses(stack, model, order):
    with stack.client().responses.stream(model=model, input=HELLO,
                                         extra_body={"provider": {"order": order, "only": order}}) as stream:
        return stream.get_final_response().output_text


def say_anthropic(stack, model, order):
    client = anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0, timeout=30)
    with client.messages.stream(model=model, max_tokens=500, messages=[{"role": "user", "content": HELLO}],
                                extra_body={"provider": {"order": order, "only": order}}) as stream:
        return stream.get_final_text()


def say_genai(stack, model, order):
    client = genai.Client(api_key=stack.key, vertexai=False, http_options=genai.types.HttpOptions(
        base_url=stack.url, timeout=30_000, extra_body={"provider": {"order": order, "only": order}}))
    return "".join(chunk.text or "" for chunk in client.models.generate_content_stream(model=model, contents=HELLO))


@pytest.mark.parametrize("pair", ["openai-azure", "anthropic-bedrock", "google-vertex"])
@pytest.mark.parametrize("sdk", [say_openai, say_responses, say_anthropic, say_genai])
def test_sdks_see_one_answer(stack, sdk, pair):
    whole = sdk(stack, *PAIRS[pair])
    since = newest(stack)
    fails(stack, "cut")
    assert sdk(stack, *PAIRS[pair]) == whole
    assert len(seen(stack, since)) == 2
