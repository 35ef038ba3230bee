"""What a request says of its routing: fallbacks of a kind, retries, its own time, and failures that are only played."""

import time

import anthropic
import httpx
import pytest

from support.ids import uuid_of

MODEL, OTHER = "openai/gpt-4.1-mini", "openai/gpt-4.1"
ASK = [{"role": "user", "content": "Tell me something about bridges."}]
OPENAI = {"only": ["openai"]}


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def ask(stack, headers=None, **more):
    body = {"model": MODEL, "messages": ASK, "provider": OPENAI, **more}
    return stack.post("/v1/chat/completions", body, headers={"x-tollgate-trace": "1"} | (headers or {}))


def attempts(answer):
    body = answer.json()
    trace = body["tollgate"] if "tollgate" in body else body["error"]["metadata"]["tollgate"]
    return [(attempt["model"], attempt["reason"]) for attempt in trace["attempts"]]


KINDS = [
    ("too long", "400-context", {"context_window_fallbacks": [OTHER]}, OTHER),
    ("too long, and models[]", "400-context", {"models": [OTHER]}, OTHER),
    ("too long, and fallbacks", "400-context", {"fallbacks": [{"model": OTHER}]}, OTHER),
    ("too long, and for refused contents", "400-context", {"content_policy_fallbacks": [OTHER]}, "context_length_exceeded"),
    ("too long, and nobody", "400-context", {}, "context_length_exceeded"),
    ("refused", "400-policy", {"content_policy_fallbacks": [OTHER]}, OTHER),
    ("refused, and nobody", "400-policy", {}, "content_policy_violation"),
    ("an error", "503", {"fallbacks": [OTHER]}, OTHER),
    ("an error, and for long prompts", "503", {"context_window_fallbacks": [OTHER], "num_retries": 0}, "provider_unavailable"),
    ("the client's fault", "422", {"models": [OTHER]}, "unprocessable"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("what, fault, more, wanted", KINDS, ids=[row[0] for row in KINDS])
def test_a_failure_goes_to_the_fallbacks_of_its_kind(stack, stream, what, fault, more, wanted):
    stack.faults(fault=fault, count=1, model="gpt-4.1-mini")
    answer = ask(stack, stream=stream, **more)
    if wanted == OTHER:
        assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == OTHER
    else:
        assert answer.headers["x-tollgate-error"] == wanted and answer.headers["x-tollgate-attempts"] == "1"


def test_an_anthropic_client_has_them_too(stack):
    stack.faults(fault="400-context", count=1, model="gpt-4.1-mini")
    client = anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0)
    answer = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=50, messages=ASK, extra_body={"provider": OPENAI, "context_window_fallbacks": [OTHER]})
    assert answer.headers["x-tollgate-model"] == OTHER and answer.parse().content[0].text


def test_headers_do_the_same(stack):
    stack.faults(fault="400-context", count=1, model="gpt-4.1-mini")
    answer = stack.post("/v1/chat/completions", {"model": MODEL, "messages": ASK},
                        headers={"x-tollgate-models": OTHER, "x-tollgate-provider": '{"only": ["openai"]}', "x-tollgate-trace": "1"})
    assert answer.status_code == 200 and [model for model, _ in attempts(answer)] == [MODEL, OTHER]


def test_retries_are_of_the_same_deployment(stack):
    stack.faults(fault="500", count=2, model="gpt-4.1-mini")
    answer = ask(stack, num_retries=2, fallbacks=[OTHER])
    assert answer.status_code == 200 and [model for model, _ in attempts(answer)] == [MODEL] * 3


def test_a_retry_after_that_is_longer_than_the_time_left_is_not_waited_for(stack):
    stack.faults(fault="503;retry_after=20", count=1, model="gpt-4.1-mini")
    began = time.monotonic()
    answer = ask(stack, num_retries=3, timeout=5, fallbacks=[OTHER])
    assert answer.status_code == 200 and [model for model, _ in attempts(answer)] == [MODEL, OTHER]
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_time_of_a_request_is_that_of_all_its_attempts(stack, stream):
    stack.faults(fault="first_ms=20000", count=-1, model="gpt-4.1-mini")
    began = time.monotonic()
    answer = ask(stack, timeout=0.6, stream=stream)
    assert 0.5 < time.monotonic() - began < 5
    assert answer.status_code == 408 and answer.headers["x-tollgate-error"] == "timeout"
    assert answer.json()["error"]["param"] == "timeout" and attempts(answer) == [(MODEL, "deadline")]


def test_the_clients_time_to_the_first_token_leads_on(stack):
    stack.faults(fault="first_ms=20000", count=1, model="gpt-4.1-mini")
    answer = ask(stack, stream_timeout=0.3, stream=True, fallbacks=[OTHER])
    assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == OTHER


def test_a_played_failure_is_not_sent_and_not_paid(stack):
    before = len(stack.truth())
    answer = ask(stack, mock_testing_fallbacks=True, fallbacks=[OTHER])
    assert answer.status_code == 200 and attempts(answer) == [(MODEL, "mocked"), (OTHER, "ok")]
    assert len(stack.truth()) == before + 1
    event = stack.event(answer.headers["x-generation-id"])
    assert event["charge_pico"] == event["told_pico"] > 0


def test_a_played_failure_of_all_is_told_and_not_paid(stack):
    before = len(stack.truth())
    answer = ask(stack, mock_testing_fallbacks=True, num_retries=0)
    assert answer.status_code == 503 and attempts(answer) == [(MODEL, "mocked")]
    assert len(stack.truth()) == before


def test_a_played_limit_is_told_as_a_limit(stack):
    answer = ask(stack, mock_testing_rate_limit_error=True)
    assert answer.status_code == 429 and answer.headers["retry-after"] == "1"
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    with pytest.raises(anthropic.RateLimitError):
        anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0).messages.create(
            model=MODEL, max_tokens=5, messages=ASK, extra_body={"mock_testing_rate_limit_error": True})


REFUSED = [
    ("an unknown model of models[]", {"models": ["openai/gpt-4.2-mini"]}, 404, "models", "Did you mean"),
    ("an unknown fallback", {"fallbacks": ["nobody/nothing"]}, 404, "fallbacks", "does not exist"),
    ("an unknown provider", {"provider": {"only": ["opnai"]}}, 400, "provider.only", "Did you mean 'openai'?"),
    ("another one", {"provider": {"ignore": ["azur"]}}, 400, "provider.ignore", "'azure'"),
    ("too many retries", {"num_retries": 6}, 400, "num_retries", "0 to 5"),
    ("no time", {"timeout": 0}, 400, "timeout", "0.001 to 3600"),
    ("a fallback with more in it", {"fallbacks": [{"model": OTHER, "messages": []}]}, 400, "fallbacks", "preset"),
]


@pytest.mark.parametrize("what, more, status, param, says", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_makes_no_sense_is_refused_before_anything_is_sent(stack, what, more, status, param, says):
    before = len(stack.truth())
    answer = ask(stack, **more)
    assert answer.status_code == status
    assert answer.json()["error"]["param"] == param and says in answer.json()["error"]["message"]
    assert len(stack.truth()) == before


def test_what_needs_no_provider_passes_the_keys_rate(stack):
    made = stack.new_key()
    stack.change("UPDATE tollgate.api_keys SET requests_per_minute = 1 WHERE key_id = %s", uuid_of(made["key_id"]))
    key = made["key"]
    body = {"model": MODEL, "max_tokens": 5, "messages": ASK}
    answers = [stack.post("/v1/messages/count_tokens", body, key=key).status_code for _ in range(3)]
    assert answers[0] == 200 and answers[-1] == 429
    assert stack.post("/v1/route/dry-run", body, key=key).status_code == 429
