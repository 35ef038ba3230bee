"""Where a request goes and why: strategies, wishes, the breaker, the trace, the dry run."""

import json

import anthropic
import httpx
import pytest
from google import genai

from support.process import wait_until

MODEL = "openai/gpt-4.1-mini"
ASK = [{"role": "user", "content": "Tell me something about bridges."}]


@pytest.fixture(scope="module")
def stack(make_stack):
    """Of two providers one is kept apart by its name of the model, keeps nothing, and stands in Europe."""
    stack = make_stack()
    stack.change("UPDATE tollgate.deployments SET upstream_id = 'far-mini', retains = false, trains = true, "
                 "region = 'eu-west-1', quantization = 'fp8', weight = 1000000 WHERE model = %s AND provider = 'azure'", MODEL)
    return stack


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def body_with(**more):
    return {"model": MODEL, "messages": ASK, **more}


def ask(stack, trace=True, **more):
    return stack.post("/v1/chat/completions", body_with(**more), headers={"x-tollgate-trace": "1"} if trace else {})


def dry_run(stack, **more):
    return stack.post("/v1/route/dry-run", body_with(**more))


def order_of(answer):
    assert answer.status_code == 200, answer.text
    return [one["provider"] for one in answer.json()["order"]]


def excluded_of(entries):
    return {one["provider"]: one["excluded_because"] for one in entries}


WISHES = [
    ("only", {"provider": {"only": ["openai"]}}, ["openai"], {"azure": "provider.only"}),
    ("ignore", {"provider": {"ignore": ["openai"]}}, ["azure"], {"openai": "provider.ignore"}),
    ("order", {"provider": {"order": ["openai"]}}, ["openai", "azure"], {}),
    ("order without fallbacks", {"provider": {"order": ["openai"], "allow_fallbacks": False}}, ["openai"],
     {"azure": "provider.allow_fallbacks"}),
    ("weighted", {"provider": {"sort": "weighted"}}, ["azure", "openai"], {}),
    ("nothing kept", {"provider": {"zdr": True}}, ["azure"], {"openai": "provider.zdr"}),
    ("a region", {"provider": {"regions": ["eu"]}}, ["azure"], {"openai": "provider.regions"}),
    ("a quantization", {"provider": {"quantizations": ["fp8", "bf16"]}}, ["azure"], {"openai": "provider.quantizations"}),
    ("a cap that all keep", {"provider": {"max_price": {"prompt": 100, "completion": "100"}}}, None, {}),
]


@pytest.mark.parametrize("what, more, order, excluded", WISHES, ids=[row[0] for row in WISHES])
def test_a_dry_run_tells_the_order_and_who_is_excluded(stack, what, more, order, excluded):
    before = len(stack.truth())
    answer = dry_run(stack, **more)
    assert order is None or order_of(answer) == order
    told = answer.json()
    assert excluded_of(told["excluded"]) == excluded
    assert told["object"] == "route.dry_run" and told["requested"] == MODEL
    assert all(float(one["price"]["prompt"]) > 0 and one["health"] == "ok" for one in told["order"])
    assert len(stack.truth()) == before, "nothing is sent"


STRATEGIES = [
    ("none", {}, {}, "default"), ("sort", {"provider": {"sort": "latency"}}, {}, "latency"),
    ("cost", {"route_preference": "cost"}, {}, "price"), ("speed", {"route_preference": "speed"}, {}, "throughput"),
    ("a suffix", {"model": MODEL + ":floor"}, {}, "price"), ("another", {"model": MODEL + ":nitro"}, {}, "throughput"),
    ("a header", {}, {"x-tollgate-route-preference": "balanced"}, "balanced"),
    ("sort before all", {"model": MODEL + ":nitro", "route_preference": "speed", "provider": {"sort": "priority"}}, {}, "priority"),
]


@pytest.mark.parametrize("what, more, headers, strategy", STRATEGIES, ids=[row[0] for row in STRATEGIES])
def test_a_strategy_can_be_named_in_many_ways(stack, what, more, headers, strategy):
    answer = stack.post("/v1/route/dry-run", body_with(**more), headers=headers)
    assert answer.status_code == 200 and answer.json()["strategy"] == strategy
    served = stack.post("/v1/chat/completions", body_with(**more), headers=headers)
    assert served.status_code == 200 and served.headers["x-tollgate-model"] == MODEL


REFUSED = [
    ("an unknown strategy", {"provider": {"sort": "luck"}}, {}, "provider.sort", "'throughput'"),
    ("an unknown preference", {"route_preference": "luck"}, {}, "route_preference", "'speed'"),
    ("an unknown preference in a header", {}, {"x-tollgate-route-preference": "luck"}, "x-tollgate-route-preference", "'cost'"),
    ("only what is ignored", {"provider": {"only": ["azure"], "ignore": ["azure"]}}, {}, "provider.ignore", "nobody"),
    ("a cap below all", {"provider": {"max_price": {"prompt": 0}}}, {}, "provider.max_price.prompt", "openai costs more"),
    ("a cap that is none", {"provider": {"max_price": {"prompt": "cheap"}}}, {}, "provider.max_price.prompt", "USD"),
    ("a region where nobody is", {"provider": {"regions": ["mars"]}}, {}, "provider.regions", "not known"),
    ("zdr, and trained on nothing", {"provider": {"zdr": True, "data_collection": "deny"}}, {}, "provider", "provider.zdr"),
]


@pytest.mark.parametrize("path", ["chat/completions", "route/dry-run"])
@pytest.mark.parametrize("what, more, headers, param, says", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_met_is_refused_before_anything_is_sent(stack, path, what, more, headers, param, says):
    before = len(stack.truth())
    answer = stack.post(f"/v1/{path}", body_with(**more), headers=headers)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"] == param and says in error["message"]
    if "excluded" in (error.get("metadata") or {}):
        assert set(excluded_of(error["metadata"]["excluded"])) == {"openai", "azure"}
    assert len(stack.truth()) == before


def test_the_same_session_stays_and_others_are_spread(stack):
    """By the strategy of equal shares: a session is at one provider, many sessions are at both."""
    stack.change("UPDATE tollgate.deployments SET weight = 100 WHERE model = %s", MODEL)
    try:
        firsts = [{order_of(dry_run(stack, session_id=f"session {number}"))[0] for _ in range(3)} for number in range(16)]
        assert all(len(first) == 1 for first in firsts)
        assert set.union(*firsts) == {"openai", "azure"}
        long = [{"role": "system", "content": "You know all bridges. " * 300}, {"role": "user", "content": "Hello!"}]
        turns = [long, long + [{"role": "assistant", "content": "Hi."}, {"role": "user", "content": "And now?"}]]
        assert len({order_of(dry_run(stack, messages=turn))[0] for turn in turns for _ in range(3)}) == 1
    finally:
        stack.change("UPDATE tollgate.deployments SET weight = 1000000 WHERE model = %s AND provider = 'azure'", MODEL)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("usage", [False, True], ids=["bare", "usage"])
def test_a_trace_tells_every_attempt(stack, stream, usage):
    stack.faults(fault="503", count=1)
    more = {"stream": True, "stream_options": {"include_usage": usage}} if stream else {}
    answer = ask(stack, provider={"order": ["openai"]}, **more)
    assert answer.status_code == 200
    if stream:
        frames = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
        assert frames[-1] == "[DONE]"
        chunks = [json.loads(frame) for frame in frames[:-1]]
        trace, = [chunk["tollgate"] for chunk in chunks if "tollgate" in chunk]
        assert [chunk for chunk in chunks if "tollgate" in chunk][0]["choices"] == []
        assert ("usage" in chunks[-1]) == usage, "the chunk that tells usage is still the last"
    else:
        trace = answer.json()["tollgate"]
        assert answer.json()["usage"]["cost"] > 0
    assert trace["requested"] == MODEL and trace["strategy"] == "default" and trace["dropped"] == []
    assert [(a["status"], a["reason"]) for a in trace["attempts"]] == [(503, "status"), (200, "ok")]
    assert {a["provider"] for a in trace["attempts"]} == {"openai", "azure"}
    assert all(a["ms"] >= 0 and a["model"] == MODEL for a in trace["attempts"])
    assert excluded_of(trace["considered"]) == {"openai": None, "azure": None}
    assert "tollgate" not in ask(stack, trace=False).json()


def test_a_refusal_has_its_trace(stack):
    stack.faults(fault="503", count=-1)
    answer = ask(stack)
    assert answer.status_code == 503
    trace = answer.json()["error"]["metadata"]["tollgate"]
    assert [a["status"] for a in trace["attempts"]] == [503, 503]


def test_sdks_take_the_trace(stack):
    """What they do not know they keep, or pass over."""
    headers = {"x-tollgate-trace": "1"}
    with stack.client() as client:
        whole = client.chat.completions.create(model=MODEL, messages=ASK, extra_headers=headers)
        assert whole.tollgate["attempts"][0]["status"] == 200
        with client.chat.completions.stream(model=MODEL, messages=ASK, extra_headers=headers) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.content
        response = client.responses.create(model=MODEL, input="Tell me something.", extra_headers=headers)
        assert response.tollgate["strategy"] == "default"
    with anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
        message = client.messages.create(model=MODEL, max_tokens=50, messages=ASK, extra_headers=headers)
        assert message.tollgate["attempts"][0]["status"] == 200
        with client.messages.stream(model=MODEL, max_tokens=50, messages=ASK, extra_headers=headers) as stream:
            assert stream.get_final_message().content
    with genai.Client(api_key=stack.key, http_options={"base_url": stack.url,
                                                       "headers": headers}) as client:
        assert client.models.generate_content(model=MODEL, contents="Tell me something.").text


@pytest.mark.parametrize("model", [MODEL, "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash"])
def test_sdks_take_the_trace_in_a_stream(stack, model):
    """A member of an event that they know: they keep it, or pass over it. A provider's own stream and a told one."""
    headers = {"x-tollgate-trace": "1"}
    with anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
        with client.messages.stream(model=model, max_tokens=50, messages=ASK, extra_headers=headers) as stream:
            traces = [event.tollgate for event in stream if event.type == "message_delta"]
            assert stream.get_final_message().content
    assert [a["status"] for a in traces[-1]["attempts"]] == [200] and traces[-1]["requested"] == model
    with stack.client() as client:
        with client.responses.stream(model=model, input="Tell me something.", extra_headers=headers) as stream:
            final = stream.get_final_response()
        assert final.output_text and final.tollgate["attempts"][0]["status"] == 200
    with genai.Client(api_key=stack.key, http_options={"base_url": stack.url, "headers": headers}) as client:
        assert "".join(chunk.text or "" for chunk in client.models.generate_content_stream(model=model, contents="Tell me."))
    asked = {"contents": [{"role": "user", "parts": [{"text": "Tell me."}]}]}
    path = f"/v1beta/models/{model}:streamGenerateContent"
    told = stack.post(path + "?alt=sse", asked, headers=headers).text.split("data: ")[-1]
    assert json.loads(told)["tollgate"]["attempts"][0]["status"] == 200
    array = stack.post(path, asked, headers=headers).json()
    assert array[-1]["tollgate"]["considered"] and not any("tollgate" in chunk for chunk in array[:-1])


def test_a_breaker_opens_and_closes_by_one_probe(stack):
    """Ten failures of one provider: it is last, and its first request after 5 s closes it. Nobody sees an error."""
    stack.faults(fault="500", count=-1, model="far-mini")
    for _ in range(12):
        answer = ask(stack, provider={"order": ["azure"]})
        assert answer.status_code == 200
        if [one["health"] for one in dry_run(stack).json()["order"] if one["provider"] == "azure"] == ["breaker_open"]:
            break
        # What failed goes behind the others: asked for alone it fails for the breaker's count.
        assert ask(stack, provider={"only": ["azure"]}).status_code == 503
    told = dry_run(stack, provider={"order": ["azure"]}).json()["order"]
    assert [(one["provider"], one["health"]) for one in told] == [("openai", "ok"), ("azure", "breaker_open")]
    assert ask(stack, provider={"order": ["azure"]}).json()["tollgate"]["attempts"][0]["provider"] == "openai"
    stack.faults(fault="503", count=1, model="gpt-4.1-mini")
    last = ask(stack, provider={"order": ["azure"]})
    assert last.status_code == 503 and len(last.json()["error"]["metadata"]["tollgate"]["attempts"]) == 2, "open is tried last"
    httpx.delete(stack.provider_url + "/control").raise_for_status()

    def half_open():
        health = {one["provider"]: one["health"] for one in dry_run(stack).json()["order"]}
        return health["azure"] == "breaker_half_open"

    wait_until(half_open, "the breaker is half open", 30)
    assert ask(stack, provider={"order": ["azure"]}).json()["tollgate"]["attempts"][0]["provider"] == "azure"
    assert {one["provider"]: one["health"] for one in dry_run(stack).json()["order"]}["azure"] == "ok"
