"""A provider dies in the midst of its answer: it goes on at another one, as one stream with one charge."""

import json

import anthropic
import httpx
import openai
import pytest
from google import genai

from support.books import Prices, quantities
from support.ids import uuid_of
from support.process import wait_until
from support.stack import Stack
from test_languages import CLIENTS, Generate, events_of, path_of

# Languages of providers, each at a site of its own.
BASES = {"openai": "/v1", "anthropic": "/v1", "vertex-anthropic": "/v1", "gemini": "/v1beta",
         "vertex-gemini": "/v1/publishers/google", "bedrock": "", "responses": "/v1"}
GPT, CLAUDE, GEMINI = "openai/gpt-4.1-mini", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash"
# Who begins, who goes on.
PAIRS = {"openai-azure": (GPT, ["openai", "azure"]), "anthropic-bedrock": (CLAUDE, ["anthropic", "amazon-bedrock"]),
         "bedrock-anthropic": (CLAUDE, ["amazon-bedrock", "anthropic"]), "google-vertex": (GEMINI, ["google", "google-vertex"])}
FAULTS = ["cut", "reset-mid", "stall-mid", "error-mid"]
HELLO = "Tell me something about bridges."
OFF = {"x-tollgate-continue-on-failure": "0"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cluster):
    stack = Stack(tmp_path_factory.mktemp("continue") / "stack", cluster, gateways=0)
    try:
        stack.add_gateway(0, upstream=[f"{name}={stack.provider_url}{base}" for name, base in BASES.items()])
        stack.change("UPDATE tollgate.deployments SET idle_timeout_ms = 400 WHERE model = ANY (%s)", [GPT, CLAUDE, GEMINI])
        allow(stack, stack.tenant)
        yield stack
    finally:
        stack.stop()


def allow(stack, tenant):
    stack.change("INSERT INTO tollgate.tenant_routing (tenant_id, continue_on_failure) VALUES (%s, true)", uuid_of(tenant))


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


def last_calls(stack, count):
    """Of whom nothing but the answer is known to be: providers that are no sandbox are told no ids of ours."""
    return stack.truth()[-count:]


def is_charged_once(stack, answer, calls):
    """As if the first one had written it all: its input, what all of them said, its price."""
    event = stack.event(answer.headers["x-generation-id"])
    first, rest = calls[0], calls[1:]
    assert event["outcome_name"] == "finished" and event["charge_pico"] == event["told_pico"] > 0
    said = sum(call["meters"]["output"] for call in calls)
    # Each attempt's text is counted for itself: a token is cut in two at most once for each.
    assert abs(event["output_tokens"] - said) <= len(rest)
    assert event["input_tokens"] == first["meters"]["input"]
    prices = Prices(stack)
    base = prices.base(event["price_version_id"], quantities(event))
    assert event["base_pico"] == base and event["charge_pico"] == prices.charge(event["plan_version_id"], base)
    log, = stack.query("SELECT attempts FROM tollgate.request_log WHERE event_id = %s",
                       uuid_of(answer.headers["x-generation-id"]))
    attempts = log["attempts"]
    assert [attempt.get("delivered", False) for attempt in attempts] == [True] * len(calls)
    assert event["cost_pico"] == sum(attempt["cost_pico"] for attempt in attempts) > 0
    return event, attempts


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_answer_goes_on(stack, client, pair, fault):
    whole = CLIENTS[client].read(ask(stack, pair, client), True)[0]
    fails(stack, fault)
    answer = ask(stack, pair, client)
    assert answer.status_code == 200, answer.text
    text, finish, usage = CLIENTS[client].read(answer, True)
    assert text == whole and finish == "stop", answer.text
    calls = last_calls(stack, 2)
    assert [call["end"] for call in calls] == ["broken", "whole"]
    event, attempts = is_charged_once(stack, answer, calls)
    assert attempts[0]["provider"] == PAIRS[pair][1][0] == event["provider"]
    assert CLIENTS[client].tokens(usage) == (event["input_tokens"], event["output_tokens"])
    assert usage["tollgate"] == {"continued": 1}
    assert round(float(usage["cost"]) * 10**12) == event["charge_pico"]
    assert (": continued\n" in answer.text) == (client in ("chat", "responses"))
