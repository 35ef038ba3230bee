"""Real clients against the gateway, on providers of their own language and of every other: programs in tests/e2e/clients
and tests/e2e/node play the same scenes with each, and what their SDKs understood is judged here."""

import concurrent.futures
import json
import threading

import pytest

from support import clients
from support.process import wait_until

BOTH, WHOLE, STREAM = [False, True], [False], [True]
SCENES = {"hello": BOTH, "length": BOTH, "tool": BOTH, "tools": BOTH, "image": WHOLE, "schema": BOTH, "think": BOTH,
          "think-tool": BOTH, "cached": BOTH}
# Retries of a failing provider take their time, and nobody's errors depend on more than whose client and provider it is.
FAILURES = {"wrong-key": WHOLE, "unknown-model": BOTH, "fault-400": BOTH, "fault-429": BOTH, "fault-500": WHOLE,
            "fault-cut": STREAM, "leave": STREAM}
# What stands on another SDK, and older majors, are played with fewer languages.
FEW, FAIL_ON = ("openai", "anthropic", "gemini"), ("anthropic", "gemini")
# Who shows no thoughts: OpenAI's chats have no place for them, whatever is asked.
SHOWS_THOUGHTS = set(clients.UPSTREAMS) - {"openai"}

# Per client: its program, its packages beside the others, and how its own exceptions are called.
OPENAI = {"wrong-key": "AuthenticationError", "unknown-model": "NotFoundError", "fault-400": "BadRequestError",
          "fault-429": "RateLimitError", "fault-500": "InternalServerError", "fault-cut": "APIError"}
ANTHROPIC = {**OPENAI, "fault-500": "ServiceUnavailableError", "fault-cut": "APIStatusError"}
GOOGLE = {"wrong-key": "ClientError", "unknown-model": "ClientError", "fault-400": "ClientError",
          "fault-429": "ClientError", "fault-500": "ServerError", "fault-cut": "ServerError"}
STATUS = {"wrong-key": 401, "unknown-model": 404, "fault-400": 400, "fault-429": 429, "fault-500": 503}


def langchain(provider, errors):
    """LangChain's own, beside those of the SDK that it stands on."""
    words = {"wrong-key": "AuthenticationError", "unknown-model": "ModelNotFoundError", "fault-400": "InvalidRequestError",
             "fault-429": "RateLimitError", "fault-500": "APIError"}
    return {**errors, **{name: provider + word for name, word in words.items()}}


VERCEL = {**dict.fromkeys(OPENAI, "APICallError"), "fault-cut": "StreamProviderError"}
CLIENTS = {
    "openai": ("openai_chat.py", None, OPENAI),
    "openai-responses": ("openai_responses.py", None, {**OPENAI, "fault-cut": "response.failed"}),
    "openai-2": ("openai_chat.py", "openai-2", OPENAI),
    "openai-1": ("openai_chat.py", "openai-1", OPENAI),
    "anthropic": ("anthropic_messages.py", None, ANTHROPIC),
    "google-genai": ("genai_generate.py", "google-genai-3", GOOGLE),
    "google-genai-2": ("genai_generate.py", None, GOOGLE),
    "langchain-openai": ("langchain_chats.py", None, langchain("OpenAI", OPENAI)),
    "langchain-anthropic": ("langchain_chats.py", None, langchain("Anthropic", ANTHROPIC)),
    "langchain-google": ("langchain_chats.py", None, {**GOOGLE, "fault-500": "GoogleAPIError", "fault-cut": "GoogleAPIError"}),
    "node-openai": ("node", "node", OPENAI),
    "node-openai-6": ("node", "node", OPENAI),
    "node-anthropic": ("node", "node", {**ANTHROPIC, "fault-cut": "APIError"}),
    "node-vercel-openai": ("node", "node", VERCEL),
    "node-vercel-anthropic": ("node", "node", VERCEL),
    "node-vercel-responses": ("node", "node", VERCEL),
    "node-vercel-google": ("node", "node", VERCEL),
}
PLAYED_WITH_ALL = {"openai", "openai-responses", "anthropic", "google-genai", "node-openai", "node-anthropic",
                   "node-vercel-google", "node-vercel-responses"}
# These drop what OpenAI's own API does not have, thoughts among it.
SEES_NO_THOUGHTS = {"langchain-openai", "node-vercel-openai"}


@pytest.fixture(scope="module")
def gateway(make_stack):
    return clients.prepare(make_stack(gateways=0))


def upstreams_of(client, scene):
    return FAIL_ON if scene in FAILURES else clients.UPSTREAMS if client in PLAYED_WITH_ALL else FEW


def programs():
    """What is started, and the clients that each process plays."""
    names = {}
    for client, (program, beside, _) in CLIENTS.items():
        if beside is None or (clients.BESIDE / beside).is_dir():
            names.setdefault((program, beside), []).append(client)
    return names


@pytest.fixture(scope="module")
def played(gateway):
    """All lines of all clients, played beside each other because they wait more than they compute; and by the mark in its
    texts, what the provider was asked."""
    calls, over = [], threading.Event()

    def watch():  # the provider keeps the bodies of its last thousand calls only
        while True:
            last = over.wait(0.5)
            calls.extend(gateway.truth(since=calls[-1]["seq"] if calls else 0, body=1))
            if last:
                return

    def play(program, beside, names):
        jobs = [clients.job(gateway, name, *what) for name in names
                for what in ((SCENES, upstreams_of(name, "hello")), (FAILURES, FAIL_ON))]
        return clients.run(program, jobs, beside and clients.BESIDE / beside)

    with concurrent.futures.ThreadPoolExecutor(len(CLIENTS) + 1) as pool:
        watching = pool.submit(watch)
        try:
            playing = [pool.submit(play, program, beside, names) for (program, beside), names in programs().items()]
            lines = [line for one in playing for line in one.result()]
            wait_until(lambda: not gateway.gateway.metrics()["tollgate_requests_open"], "nobody is served any more")
        finally:
            over.set()
        watching.result()
    asked = {}
    for call in calls:
        try:
            body = json.dumps(json.loads(call.get("body") or "{}"), ensure_ascii=False)
        except ValueError:  # longer than what is kept
            body = call["body"]
        call["body"], start = body, body.find("[[")
        if start >= 0:
            asked.setdefault(body[start:body.index("]]", start) + 2], []).append(call)
    return lines, asked


def meters(usage):
    """As the provider's truth counts: input without what was cached."""
    return {"input": usage["input"] - usage["cached"], "cache_read": usage["cached"], "output": usage["output"]}


def same_tokens(said, call):
    told = {name: call["meters"][name] for name in ("input", "cache_read", "output")}
    if call["dialect"] == "cohere":  # what it bills is less than what it says that it used, which a client's usage shows
        told = {"input": told["input"] + 480 - said["usage"]["cached"], "cache_read": said["usage"]["cached"],
                "output": told["output"] + 3}
    assert meters(said["usage"]) == told, f"the client was told {said['usage']}, the provider told {told}"


def hello(line, calls):
    assert line["text"] == f"{line['mark']} {clients.TEXTS['hello']}" and line["finish"] == "stop"
    assert clients.TEXTS["system"] in calls[0]["body"], "the system prompt arrives"


def length(line, calls):
    # OpenAI's Responses takes no less than 16; who speaks it is not told otherwise.
    least = 16 if line["upstream"] == "responses" and not line["client"].endswith("responses") else 5
    assert calls[0]["meters"]["output"] == least
    assert line["finish"] == "length" and len(line["text"]) > 10


def strings(value):
    """All texts of a body, one after the other: pieces of a stream that was sent back are a text again."""
    if isinstance(value, dict):
        value = [one for name, one in value.items() if name not in ("type", "role")]
    return value if isinstance(value, str) else "".join(map(strings, value)) if isinstance(value, list) else ""


def arguments_fit(line, call):
    assert set(call["arguments"]) <= ({"city", "days"} if call["name"] == "weather" else {"zone"})
    assert all(isinstance(call["arguments"][name], kind) for name, kind in
               (("city", str), ("days", int), ("zone", str)) if name in call["arguments"])
    assert {"city", "zone"} & set(call["arguments"])
    # Gemini's own calls have no id, and pass as they are.
    assert call["id"] or (line["client"].startswith("google") and line["upstream"] == "gemini")


def tool(line, calls):
    assert [call["name"] for call in line["calls"]] == ["weather"] and line["finish"] == "tool_calls"
    arguments_fit(line, line["calls"][0])
    assert clients.WEATHER["about"] in calls[0]["body"]
    # Cohere can be told to call, but not what; so it is offered nothing else.
    assert (clients.CLOCK["about"] in calls[0]["body"]) == (line["upstream"] != "cohere")


def tools(line, calls):
    assert [call["name"] for call in line["calls"]] == ["weather", "clock"] and line["finish"] == "tool_calls"
    for call in line["calls"]:
        arguments_fit(line, call)
    assert line["calls"][0]["id"] is None or line["calls"][0]["id"] != line["calls"][1]["id"]
    second = line["second"]
    assert second["text"] and not second["calls"] and second["finish"] == "stop"
    assert calls[1]["body"].count("degrees") == 2, "both results arrive"
    same_tokens(second, calls[1])


def image(line, calls):
    assert line["text"] == f"{line['mark']} seen"
    assert clients.IMAGE.split(",")[1] in calls[0]["body"].replace("-", "+").replace("_", "/")


def schema(line, calls):
    assert line["finish"] == "stop"
    answer = json.loads(line["text"])
    if line["upstream"] != "bedrock":  # where any JSON comes of the fake provider
        assert isinstance(answer["name"], str) and isinstance(answer["length_km"], int)
    assert "length_km" in calls[0]["body"]


def shows_thoughts(line):
    return line["upstream"] in SHOWS_THOUGHTS and line["client"] not in SEES_NO_THOUGHTS


def think(line, calls):
    if shows_thoughts(line):
        assert len(line["thinking"]) > 20 and line["thinking"] not in line["text"]
    assert len(line["text"]) > 20
    assert line["second"]["text"] == f"{line['mark']} again"
    assert line["text"] in strings(json.loads(calls[1]["body"]))
    same_tokens(line["second"], calls[1])


def think_tool(line, calls):
    assert [call["name"] for call in line["calls"]] == ["weather"] and line["finish"] == "tool_calls"
    if shows_thoughts(line):
        assert len(line["thinking"]) > 20
    assert line["second"]["text"] and line["second"]["finish"] == "stop"
    # Who signs thoughts gets them back, signature and all: the fake provider refuses changed ones.
    if line["upstream"] in ("anthropic", "bedrock") and shows_thoughts(line):
        assert line["thinking"] in calls[1]["body"] and "signature" in calls[1]["body"]
    same_tokens(line["second"], calls[1])


def cached(line, calls):
    assert line["usage"]["cached"] > 0


JUDGES = {"hello": hello, "length": length, "tool": tool, "tools": tools, "image": image, "schema": schema,
          "think": think, "think-tool": think_tool, "cached": cached}


def judged(played, client, scene, judge):
    """Judges each line of a scene; all complaints together, so that a table of what fails is seen at once."""
    lines, asked = played
    lines = [line for line in lines if line["client"] == client and line["scene"] == scene]
    if not any(client in names for names in programs().values()):
        pytest.skip(f"the packages of {client} are not there: tests/run e2e installs them")
    assert len(lines) == len(upstreams_of(client, scene)) * len({**SCENES, **FAILURES}[scene])
    wrong = []
    for line in lines:
        try:
            assert "failed" not in line, line["failed"]
            judge(line, asked.get(line["mark"], []))
        except (AssertionError, KeyError, IndexError, ValueError) as complaint:
            wrong.append(f"{line['mark']}: {complaint!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_scene_on_every_language(played, client, scene):
    def judge(line, calls):
        assert len(calls) == (2 if "second" in line else 1), f"{len(calls)} calls at the provider"
        JUDGES[scene](line, calls)
        same_tokens(line, calls[0])

    judged(played, client, scene, judge)


@pytest.mark.parametrize("scene", [name for name in FAILURES if name != "leave"])
@pytest.mark.parametrize("client", CLIENTS)
def test_failures_are_the_sdks_own_exceptions(played, client, scene):
    def judge(line, calls):
        error = line["error"]
        assert error and error["class"] == CLIENTS[client][2][scene], error
        if scene in STATUS:
            assert error["status"] == STATUS[scene], error
        assert error["says"] and "127.0.0.1" not in error["says"]
        assert bool(calls) == scene.startswith("fault-"), "only what fails at the provider reaches it"

    judged(played, client, scene, judge)


@pytest.mark.parametrize("client", CLIENTS)
def test_who_leaves_a_stream_ends_it_at_the_provider(played, client):
    def judge(line, calls):
        assert line["pieces"] == 3 and len(calls) == 1
        assert calls[0]["end"] == "left" and calls[0]["meters"]["output"] < 20000

    judged(played, client, "leave", judge)
