"""The Models API: three SDKs list what a key can call, and endpoints tell how providers really were."""

import anthropic
import httpx
import openai
import pytest
from google import genai

TWO = "openai/gpt-4.1-mini"  # at openai and at azure
ASK = [{"role": "user", "content": "Tell me something about bridges."}]


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


def get(stack, path, key=None, **headers):
    return httpx.get(stack.url + path, headers={"authorization": f"Bearer {key or stack.key}", **headers})


def ids(stack, path, **more):
    answer = get(stack, path, **more)
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


# ---- lists ----

def test_openais_sdk_lists_and_retrieves(stack):
    models = stack.client().models.list()
    assert len(models.data) > 300 and models.data == list(stack.client().models.list())
    one = stack.client().models.retrieve(TWO)
    assert one.id == TWO and one.top_provider["max_completion_tokens"] == 32768
    assert "tools" in one.supported_parameters and one.architecture["input_modalities"] == ["text", "image"]
    with pytest.raises(openai.NotFoundError):
        stack.client().models.retrieve("openai/not-really")


def test_anthropics_sdk_lists_and_retrieves(stack):
    client = anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0)
    first = client.models.list()
    assert len(first.data) == 20 and first.has_more
    every = [model.id for model in client.models.list(limit=100)]
    assert every == ids(stack, "/v1/models?kind=chat") and len(every) > 200
    assert [model.id for model in client.models.list(limit=3, before_id=every[5])][:3] == every[2:5]
    one = client.models.retrieve("anthropic/claude-sonnet-4.5")
    assert one.type == "model" and one.display_name == "Claude Sonnet 4.5" and one.created_at.year == 2025
    assert one.max_input_tokens >= 200_000 and one.lifecycle == "active"
    with pytest.raises(anthropic.NotFoundError) as missing:
        client.models.retrieve("anthropic/not-really")
    assert missing.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(anthropic.BadRequestError):
        client.models.list(limit=5000)


def test_geminis_sdk_lists_and_gets(stack):
    client = genai.Client(api_key=stack.key, http_options={"base_url": stack.url})
    every = list(client.models.list(config={"page_size": 100}))
    assert [model.name for model in every] == ["models/" + name for name in ids(stack, "/v1/models?kind=chat")]
    one = client.models.get(model="google/gemini-2.5-pro")
    assert one.name == "models/google/gemini-2.5-pro" and one.input_token_limit > 1_000_000
    assert "generateContent" in one.supported_actions
    with pytest.raises(genai.errors.ClientError) as missing:
        client.models.get(model="google/not-really")
    assert missing.value.code == 404 and missing.value.status == "NOT_FOUND"


def test_filters_hold_over_the_whole_catalog(stack):
    every = {model["id"]: model for model in get(stack, "/v1/models").json()["data"]}
    assert get(stack, "/v1/models/count").json() == {"data": {"count": len(every)}}
    assert set(ids(stack, "/v1/models?supported_parameters=tools,reasoning")) == {
        name for name, model in every.items() if {"tools", "reasoning"} <= set(model["supported_parameters"])}
    assert set(ids(stack, "/v1/models?input_modalities=image&context_length_min=1000000")) == {
        name for name, model in every.items()
        if "image" in model["architecture"]["input_modalities"] and (model["context_length"] or 0) >= 1_000_000}
    pages, after = [], ""
    while True:
        page = get(stack, f"/v1/models?sort=newest&limit=90{after}").json()
        pages += [model["id"] for model in page["data"]]
        if not page["has_more"]:
            break
        after = "&after=" + page["last_id"]
    assert pages == ids(stack, "/v1/models?sort=newest") and set(pages) == set(every)
    ages = [every[name]["created"] for name in pages]
    assert ages == sorted(ages, reverse=True)
    wrong = get(stack, "/v1/models?kind=chats")
    assert wrong.status_code == 400 and wrong.json()["error"]["param"] == "kind"
    assert "embedding" in wrong.json()["error"]["message"]


def test_what_a_key_may_not_call_is_not_there(stack):
    key = stack.new_key("--name", "two of them", "--model", TWO, "--model", "openai/gpt-4.1")["key"]
    assert ids(stack, "/v1/models?all=true", key=key) == ["openai/gpt-4.1", TWO]
    assert get(stack, "/v1/models/openai/gpt-4o", key=key).status_code == 404
    assert get(stack, "/v1/models/openai/gpt-4o/endpoints", key=key).status_code == 404
    assert get(stack, "/v1/models/count", key=key).json()["data"]["count"] == 2
    slugs = {provider["slug"] for provider in get(stack, "/v1/providers", key=key).json()["data"]}
    assert {"openai", "azure"} <= slugs and "mistral" not in slugs


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{TWO}", f"/api/v1/models/{TWO}/endpoints",
                                  "/v1/models/count", "/v1/providers", "/v1beta/models", f"/v1beta/models/{TWO}"])
def test_head_is_get_without_a_body(stack, path):
    whole = get(stack, path)
    head = httpx.head(stack.url + path, headers={"authorization": f"Bearer {stack.key}"})
    assert head.status_code == whole.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert httpx.head(stack.url + path).status_code == 401
    assert httpx.post(stack.url + path).status_code == 405


# ---- health ----

def endpoints(stack):
    told = get(stack, f"/v1/models/{TWO}/endpoints").json()["data"]["endpoints"]
    return {endpoint["provider"]: endpoint for endpoint in told}


def stream(stack, spec="fake:tokens=4"):
    with stack.client().chat.completions.create(model=TWO, messages=ASK, user=spec, stream=True,
                                                extra_body={"provider": {"order": ["openai"]}}) as chunks:
        for _ in chunks:
            pass


def test_endpoints_tell_what_really_happened(stack):
    before = endpoints(stack)
    assert {e["state"] for e in before.values()} == {"ok"} and len(before) == 2
    assert all(e["uptime_last_30m"] is None and e["latency_last_30m"] is None for e in before.values())

    for _ in range(4):
        stream(stack, "fake:first_ms=200;tokens=40;pace_us=2000")
    one, = [e for e in endpoints(stack).values() if e["uptime_last_30m"] is not None]
    assert one["uptime_last_30m"] == 100 and one["state"] == "ok" and "until" not in one
    assert 170 <= one["latency_last_30m"]["p50"] <= 400
    assert one["duration_last_30m"]["p50"] >= one["latency_last_30m"]["p50"]
    assert one["throughput_last_30m"]["p50"] > 0

    stack.faults(fault="500", count=1)
    stream(stack)
    after = endpoints(stack)
    first, second = after[one["provider"]], next(e for name, e in after.items() if name != one["provider"])
    assert first["state"] == "degraded" and first["status"] == -2 and first["until"]
    assert first["uptime_last_30m"] == first["uptime_last_1d"] == 80
    assert second["state"] == "ok" and second["uptime_last_30m"] == 100

    stack.faults(fault="401", count=1)
    stream(stack)
    after = endpoints(stack)
    out, = [e for e in after.values() if e["state"] == "out"]
    assert out["provider"] == second["provider"] and out["status"] == -10 and out["uptime_last_30m"] == 50
    states = {p["slug"]: p["state"] for p in get(stack, "/v1/providers").json()["data"]}
    assert states[out["provider"]] == "degraded" and states["mistral"] == "ok"

    # A client's own fault is nobody's outage.
    stack.faults(fault="400", count=1)
    assert stack.post("/v1/chat/completions", {"model": TWO, "messages": ASK}).status_code == 400
    assert endpoints(stack)[first["provider"]]["uptime_last_30m"] == after[first["provider"]]["uptime_last_30m"]


def test_all_workers_see_one_board(stack, make_stack):
    """A deployment that refused its credential to one worker is asked by none of the others."""
    many = stack.add_gateway(9, workers=4)
    model = "openai/gpt-4o-mini"
    stack.faults(fault="401", count=1)
    body = {"model": model, "messages": ASK, "max_tokens": 2}
    assert stack.post("/v1/chat/completions", body, gateway=many).headers["x-tollgate-attempts"] == "2"
    for _ in range(24):
        answer = stack.post("/v1/chat/completions", body, gateway=many)
        assert answer.status_code == 200 and answer.headers["x-tollgate-attempts"] == "1"
