"""What is no chat, with OpenAI's SDK: completions, embeddings elsewhere, moderations, reranking, pictures, speech,
transcriptions; each paid by its own meter, and each told, posted and invoiced alike."""

import base64
import json
import struct
from datetime import datetime, timezone
from decimal import Decimal

import httpx
import openai
import pytest

from support.books import Prices, check_books, close, wait_all_posted
from support.ids import uuid_of
from support.services import make_stack_of_services, wav

CHAT = "openai/gpt-4.1"
DOT = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack_of_services(make_stack)


@pytest.fixture(scope="module")
def client(stack):
    return stack.client()


def meters_of(event):
    """All that is not 0."""
    found = {name: event[f"{name}_tokens"] for name in ("input", "output", "cache_read") if event[f"{name}_tokens"]}
    return {**found, **(event["other_meters"] or {})}


def paid(stack, raw, meters, counted=False):
    """The event of an answer has these meters, and its charge is their price; it is what the answer says, if it does."""
    event = stack.event(raw.headers["x-generation-id"])
    assert event["outcome_name"] == "finished"
    assert meters_of(event) == meters
    assert event["usage_from"] == (2 if counted else 1)
    prices = Prices(stack)
    base = sum(count * prices.rate(event["price_version_id"], meter, 0) for meter, count in meters.items())
    assert event["base_pico"] == base > 0
    assert event["charge_pico"] == prices.charge(event["plan_version_id"], base) > 0
    assert event["overrun_pico"] == 0
    if raw.headers["content-type"].startswith("application/json"):
        told = json.loads(raw.text, parse_float=Decimal)["usage"]["cost"]
        assert told * 10**12 == event["charge_pico"]
    return event


# ---- completions ----

def test_a_completion(stack, client):
    raw = client.completions.with_raw_response.create(model=CHAT, prompt="echo: rivers run", max_tokens=40)
    answer = raw.parse()
    assert answer.object == "text_completion" and answer.id.startswith("cmpl-")
    assert answer.choices[0].text == "rivers run" and answer.choices[0].finish_reason == "stop"
    usage = json.loads(raw.text, parse_float=Decimal)["usage"]
    assert usage["cost"] * 10**12 == stack.event(raw.headers["x-generation-id"])["charge_pico"] > 0


def test_a_completion_in_a_stream_costs_the_same(stack, client):
    ask = {"model": CHAT, "prompt": "Tell me something about rivers.", "max_tokens": 30}
    whole = client.completions.create(**ask)
    chunks = list(client.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].choices == [] and chunks[-1].usage.model_dump() == whole.usage.model_dump()


def test_a_completion_without_a_cap_has_sixteen_tokens(stack, client):
    answer = client.completions.create(model=CHAT, prompt="Tell me something about rivers.")
    assert answer.usage.completion_tokens == 16 and answer.choices[0].finish_reason == "length"


def test_what_belongs_to_completing_alone_is_refused(client):
    for more, param in (({"echo": True}, "echo"), ({"suffix": "x"}, "suffix"), ({"best_of": 2}, "best_of")):
        with pytest.raises(openai.BadRequestError) as refused:
            client.completions.create(model=CHAT, prompt="x", **more)
        assert refused.value.param == param


def test_a_provider_that_completes_is_asked_so(stack, client):
    ask = {"model": "services/completer", "prompt": "Rivers run", "suffix": "to the sea.", "max_tokens": 8,
           "n": 2}
    raw = client.completions.with_raw_response.create(**ask)
    answer = raw.parse()
    assert [choice.index for choice in answer.choices] == [0, 1]
    paid(stack, raw, {"input": answer.usage.prompt_tokens, "output": answer.usage.completion_tokens})
    assert stack.truth()[-1]["path"].endswith("/v1/completions")
    chunks = list(client.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    for index in (0, 1):
        text = "".join(choice.text for chunk in chunks for choice in chunk.choices if choice.index == index)
        assert text == answer.choices[index].text
    assert chunks[-1].usage.model_dump() == answer.usage.model_dump()
    assert "[DONE]" in stack.post("/v1/completions", {**ask, "stream": True}).text


# ---- embeddings elsewhere ----

@pytest.mark.parametrize("model", ["services/vectors", "services/more-vectors"])
def test_embeddings_of_another_dialect(stack, client, model):
    floats = client.embeddings.create(model=model, input=["rivers", "trees"], encoding_format="float", dimensions=8)
    assert [item.index for item in floats.data] == [0, 1] and len(floats.data[0].embedding) == 8
    packed = stack.post("/v1/embeddings", {"model": model, "input": ["rivers", "trees"], "encoding_format": "base64",
                                           "dimensions": 8}).json()
    for one, other in zip(floats.data, packed["data"]):
        values = struct.unpack("<8f", base64.b64decode(other["embedding"]))
        assert values == pytest.approx(one.embedding, rel=1e-6)
    assert packed["usage"]["prompt_tokens"] > 0 and packed["usage"]["cost"] > 0
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model=model, input=[[1, 2, 3]])
    assert "no text" in str(refused.value)


# ---- moderations and reranking ----

def test_a_moderation(stack, client):
    raw = client.moderations.with_raw_response.create(model="services/judge", input=["fine", "[[flagged]]"])
    assert [result.flagged for result in raw.parse().results] == [False, True]
    paid(stack, raw, {"request": 1})


def test_a_moderation_by_tokens_is_counted(stack, client):
    raw = client.moderations.with_raw_response.create(model="services/judge-by-tokens", input="abcdefgh")
    paid(stack, raw, {"input": 2}, counted=True)


def test_reranking_at_cohere(stack):
    body = {"model": "services/order", "query": "rivers", "top_n": 2,
            "documents": [{"text": "a river"}, {"text": "a tree"}, {"text": "rivers and rivers"}],
            "return_documents": True}
    raw = stack.post("/v1/rerank", body)
    assert raw.status_code == 200, raw.text
    results = raw.json()["results"]
    assert len(results) == 2
    assert all(result["document"] == body["documents"][result["index"]] for result in results)
    paid(stack, raw, {"request": 1})
    refused = stack.post("/v1/rerank", {"model": "services/order", "query": "rivers", "documents": []})
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "documents"


# ---- pictures ----

def test_pictures(stack, client):
    raw = client.images.with_raw_response.generate(model="services/picture", prompt="a dot", n=2,
                                                   response_format="b64_json")
    answer = raw.parse()
    assert len(answer.data) == 2 and base64.b64decode(answer.data[0].b64_json)
    paid(stack, raw, {"image": 2})


def test_pictures_by_tokens(stack, client):
    raw = client.images.with_raw_response.generate(model="services/picture-by-tokens", prompt="a dot")
    usage = raw.parse().usage
    paid(stack, raw, {"input": usage.input_tokens, "output_image": usage.output_tokens})


def test_an_edited_picture(stack, client):
    raw = client.images.with_raw_response.edit(model="services/picture", image=("dot.png", DOT, "image/png"),
                                               prompt="a larger dot")
    assert len(raw.parse().data) == 1
    paid(stack, raw, {"image": 1})
    assert stack.truth()[-1]["path"].endswith("/images/edits")


# ---- sounds ----

def test_speech(stack, client):
    text = "Brücken über Flüsse"
    with client.audio.speech.with_streaming_response.create(model="services/voice", voice="alloy", input=text) as raw:
        sound = b"".join(raw.iter_bytes())
        assert raw.headers["content-type"].startswith("audio/")
    assert len(sound) >= 16 * len(text)
    paid(stack, raw, {"character": len(text)}, counted=True)


def test_speech_as_events(stack, client):
    raw = stack.post("/v1/audio/speech", {"model": "services/voice-by-tokens", "voice": "alloy", "input": "rivers",
                                          "stream_format": "sse"})
    assert raw.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:], parse_float=Decimal) for line in raw.text.split("\n") if line.startswith("data: {")]
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    event = paid(stack, raw, {"input": usage["input_tokens"], "output_audio": usage["output_tokens"]})
    assert usage["cost"] * 10**12 == event["charge_pico"]


def test_a_voice_that_breaks_off_is_no_whole_answer(stack):
    stack.faults(model="voice", fault="cut", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        stack.post("/v1/audio/speech", {"model": "services/voice", "voice": "alloy", "input": "rivers " * 400})


@pytest.mark.parametrize("model, form, meters", [
    ("services/ear", "json", {"second": 3}), ("services/ear", "verbose_json", {"second": 3})])
def test_a_transcription(stack, client, model, form, meters):
    raw = client.audio.transcriptions.with_raw_response.create(model=model, file=("a.wav", wav(3)), language="en",
                                                               response_format=form)
    assert json.loads(raw.text)["text"]
    paid(stack, raw, meters)


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_a_transcription_as_text_is_paid_by_what_the_file_says(stack, client, form):
    raw = client.audio.transcriptions.with_raw_response.create(model="services/ear", file=("a.wav", wav(7)),
                                                               response_format=form)
    assert raw.text and not raw.text.startswith("{")
    paid(stack, raw, {"second": 7}, counted=True)


def test_a_translation(stack, client):
    raw = client.audio.translations.with_raw_response.create(model="services/ear", file=("a.wav", wav(2)))
    assert raw.parse().text
    paid(stack, raw, {"second": 2})


def test_a_large_file_passes_as_it_is(stack, client):
    sound = wav(500, 8000)
    raw = client.audio.transcriptions.with_raw_response.create(model="services/ear", file=("a.wav", sound))
    paid(stack, raw, {"second": 500})
    assert stack.truth()[-1]["body_bytes"] > len(sound)


def test_a_form_is_refused_where_it_is_wrong(stack):
    files = {"file": ("a.wav", wav(1))}
    headers = {"authorization": f"Bearer {stack.key}"}
    url = stack.url + "/v1/audio/transcriptions"
    rows = [
        ({"files": files}, "model"),
        ({"data": {"model": "services/ear"}, "files": {"other": b"x"}}, "file"),
        ({"data": {"model": "services/ear", "api_base": "http://x"}, "files": files}, "api_base"),
        ({"data": {"model": "services/voice"}, "files": files}, "model"),
    ]
    for ask, param in rows:
        answer = httpx.post(url, headers=headers, **ask)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == param, (param, answer.text)
    assert httpx.post(url, headers=headers, json={"model": "services/ear"}).status_code == 400
    cut = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nservices/ear"
    answer = httpx.post(url, headers={**headers, "content-type": "multipart/form-data; boundary=b"}, content=cut)
    assert answer.status_code == 400 and "last boundary" in answer.json()["error"]["message"]


# ---- money ----

def test_a_model_of_another_kind_is_no_model_for_it(stack, client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model=CHAT, prompt="x")
    assert "kind 'chat'" in str(refused.value)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="services/voice", messages=[{"role": "user", "content": "x"}])


def test_one_of_each_is_the_same_in_event_ledger_and_invoice(stack):
    """Last, because it looks at all that came before, too."""
    made = stack.new_tenant("--plan", "pro")
    client = stack.client(made["key"])
    client.images.generate(model="services/picture", prompt="a dot")
    client.audio.speech.create(model="services/voice", voice="alloy", input="rivers")
    client.audio.transcriptions.create(model="services/ear", file=("a.wav", wav(4)))
    client.moderations.create(model="services/judge", input="x")
    client.embeddings.create(model="services/vectors", input="rivers", encoding_format="float")
    assert stack.post("/v1/rerank", {"model": "services/order", "query": "q", "documents": ["d"]},
                      key=made["key"]).status_code == 200
    wait_all_posted(stack)
    check_books(stack)
    tenant = uuid_of(made["tenant"])
    events = [event for event in stack.events() if str(event["tenant_id"]) == tenant]
    assert len(events) == 6
    charged = sum(event["charge_pico"] for event in events)
    ledger, = stack.query("SELECT -sum(e.amount_pico) AS n FROM tollgate.ledger_entries e JOIN tollgate.accounts a "
                          "USING (account_id) WHERE a.kind = 'rev_usage' AND e.tenant_id = %s", tenant)
    assert ledger["n"] == charged > 0
    assert stack.query("SELECT count(*) AS n FROM tollgate.dead_letters")[0]["n"] == 0
    invoice = close(stack, made["tenant"], datetime.now(timezone.utc))
    lines = stack.query("SELECT * FROM tollgate.invoice_lines WHERE invoice_id = %s", invoice["invoice_id"])
    metered = {(line["model"], line["meter"]): line["quantity"] for line in lines if line["meter"]}
    assert metered == {(event["model"], meter): count for event in events for meter, count in meters_of(event).items()}
    assert sum(line["amount_pico"] for line in lines if line["kind"] in ("usage", "markup", "discount")) == charged
    stack.billing_run("reconcile")
