"""Recorded answers of providers, sent through the gateway to an OpenAI client and an Anthropic client.

TOLLGATE_RECORDINGS names a folder of recordings; without it there is nothing to do. The provider's bytes are answered
as they were recorded, in uneven pieces; expect.json says what a client gets of them, in whichever language.
"""

import importlib.util
import json
import os
import pathlib
import sys

import httpx
import pytest

from support.behind import Behind
from support.languages import UPSTREAMS, stack_of_languages
from support.process import ROOT

REPLAY = ROOT / "tests/support/dialect-replay"
ROOTS = os.environ.get("TOLLGATE_RECORDINGS")
MESSAGES = [{"role": "user", "content": "Tell me something about rivers."}]


def recordings():
    for folder in sorted(pathlib.Path(ROOTS).iterdir()) if ROOTS else []:
        if not (folder / "expect.json").exists():
            continue
        meta = json.loads((folder / "meta.json").read_text())
        if meta["dialect"] in UPSTREAMS and meta.get("kind") in ("chat", "responses"):
            yield folder


# Those that fail come last: what they teach the gateway of a provider's health is no part of this.
RECORDINGS = sorted(recordings(), key=lambda folder: "err" in folder.name)
pytestmark = pytest.mark.skipif(not RECORDINGS, reason="no TOLLGATE_RECORDINGS")


@pytest.fixture(scope="module")
def checks():
    sys.path.insert(0, str(REPLAY))
    spec = importlib.util.spec_from_file_location("check_recordings", REPLAY / "check-recordings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(REPLAY))


@pytest.fixture(scope="module")
def provider():
    behind = Behind()
    yield behind
    behind.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cluster, provider):
    yield from stack_of_languages(tmp_path_factory.mktemp("recordings") / "stack", cluster, provider.url)


def replay(provider, folder, meta):
    """It answers the next request as it was recorded."""
    body = (folder / meta["body"]).read_bytes()
    head = f"HTTP/1.1 {meta['status']} X\r\nContent-Type: {meta['content_type']}\r\n"

    def answer(seen, send):
        if meta["body"] == "response.json":
            return send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        send(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        at, size = 0, 7
        while at < len(body):
            part = body[at:at + size]
            send(b"%x\r\n%s\r\n" % (len(part), part))
            at, size = at + size, size * 5 % 977 + 1
        return send(b"0\r\n\r\n")

    provider.answer = answer


def ask_openai(folder, stream):
    asked = json.loads((folder / "ask.json").read_text()) if (folder / "ask.json").exists() else {}
    body = asked if "messages" in asked else {"messages": MESSAGES}
    body.pop("stream_options", None)
    body["stream"] = stream
    if stream:
        body["stream_options"] = {"include_usage": True}
    return "/v1/chat/completions", body


def ask_anthropic(folder, stream):
    return "/v1/messages", {"messages": MESSAGES, "max_tokens": 500, "stream": stream}


def seen_openai(checks, text, stream):
    if not stream:
        answer = json.loads(text)
        choice = answer["choices"][0]
        message, finish, usage = choice["message"], choice["finish_reason"], answer["usage"]
    else:
        message, finish, usage, frames = {}, None, None, list(checks.frames(text))
        assert frames[-1] == "[DONE]", "a true end"
        for chunk in map(json.loads, frames[:-1]):
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                if choice["index"] == 0:
                    checks.add(message, choice["delta"])
                    finish = choice.get("finish_reason") or finish
    # A provider that speaks the same language is not translated: it has one name for reasoning, or the other.
    message["reasoning_content"] = message["reasoning"] = message.get("reasoning_content") or message.get("reasoning")
    for call in message.get("tool_calls") or []:
        call.setdefault("type", "function")
    return checks.openai_message(message, finish, usage)


def seen_anthropic(checks, text, stream):
    seen, done = (checks.anthropic_stream if stream else checks.anthropic_whole)(text)
    assert done, "a true end"
    return seen


CLIENTS = {"openai": (ask_openai, seen_openai), "anthropic": (ask_anthropic, seen_anthropic)}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
def test_a_recording(stack, provider, checks, recording, client):
    meta, expect = (json.loads((recording / name).read_text()) for name in ("meta.json", "expect.json"))
    stream = meta["body"] != "response.json"
    _, model, slug = UPSTREAMS[meta["dialect"]]
    make, see = CLIENTS[client]
    path, body = make(recording, stream)
    body |= {"model": model, "provider": {"only": [slug], "allow_fallbacks": False}}
    replay(provider, recording, meta)
    answer = httpx.post(stack.url + path, json=body, headers={"authorization": f"Bearer {stack.key}"}, timeout=30)
    if expect.get("error"):
        assert answer.status_code >= 400 and answer.json()["error"]["message"]
        if expect["http_status"] == 400:
            assert answer.status_code == 400 and expect["message"][:100] in answer.json()["error"]["message"]
    elif "stream_error" in expect:
        assert expect["stream_error"]["message"][:60] in answer.text or "error" in answer.text
        assert "[DONE]" not in answer.text and "message_stop" not in answer.text
    else:
        assert answer.status_code == 200, answer.text
        assert list(checks.differences(expect, see(checks, answer.text, stream), client)) == []
