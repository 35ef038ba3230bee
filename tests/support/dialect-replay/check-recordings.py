#!/usr/bin/env python3
"""Replays recorded answers of providers through our languages and compares what a client gets.

TOLLGATE_RECORDINGS names a folder of recordings (meta.json, response.*, expect.json); without it
there is nothing to do. Each recording is read as its provider sent it, streams once at once and
once byte by byte, and written for each client language, streamed and whole; its question is written
in the provider's language.

    check-recordings.py PROGRAM [-v] [-u UPSTREAM] [-c CLIENT] [NAME ...]
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from changes import HARMLESS, HARMLESS_MESSAGES, UNFINISHED, message, messages_of

CLIENTS = ("openai", "anthropic", "responses")
FINISH_OF_ANTHROPIC = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
ENDS = ("[DONE]", "message_stop", "response.completed", "response.incomplete")


class Wrong(Exception):
    pass


def frames(text):
    for frame in text.replace("\r\n", "\n").split("\n\n"):
        data = [line[5:].lstrip(" ") for line in frame.split("\n") if line.startswith("data:")]
        if data:
            yield "\n".join(data)


def arguments_of(text):
    return json.loads(text)


def openai_message(message, finish, usage):
    for call in message.get("tool_calls") or []:
        if call["type"] != "function" or not call["id"]:
            raise Wrong(f"a call that is none: {call}")
    reasoning = message.get("reasoning_content") or ""
    if reasoning != (message.get("reasoning") or ""):
        raise Wrong("reasoning is not what reasoning_content is")
    return {
        "text": message.get("content") or "",
        "refusal": message.get("refusal") or "",
        "reasoning": reasoning,
        "tool_plan": message.get("tool_plan") or "",
        "tool_calls": [
            {"id": call["id"], "name": call["function"]["name"],
             "arguments": arguments_of(call["function"]["arguments"])}
            for call in message.get("tool_calls") or []
        ],
        "details": [
            {k: v for k, v in detail.items() if v != ""} for detail in message.get("reasoning_details") or []
        ],
        "finish_reason": finish,
        "usage": usage,
    }


def add(into, delta):
    """What OpenAI's SDKs do with deltas."""
    for name, value in delta.items():
        if name not in into or into[name] is None:
            into[name] = value
        elif name in ("index", "type"):
            into[name] = value
        elif isinstance(value, str):
            into[name] += value
        elif isinstance(value, dict):
            add(into[name], value)
        elif isinstance(value, list):
            for item in value:
                if not isinstance(item.get("index"), int):
                    raise Wrong(f"an SDK wants an index in {item}")
                same = [x for x in into[name] if x.get("index") == item["index"]]
                if same and name != "images":
                    add(same[0], item)
                else:
                    into[name].append(item)
        elif value is not None:
            into[name] = value


def openai_stream(text):
    choices, usage, done = {}, None, False
    for data in frames(text):
        if done:
            raise Wrong("something behind [DONE]")
        if data == "[DONE]":
            done = True
            continue
        chunk = json.loads(data)
        if chunk["object"] != "chat.completion.chunk" or not chunk["id"].startswith("chatcmpl-"):
            raise Wrong(f"no chunk: {data}")
        if chunk.get("usage"):
            if chunk["choices"] or usage:
                raise Wrong("usage beside choices, or twice")
            usage = chunk["usage"]
        elif usage:
            raise Wrong("a chunk behind the usage")
        for choice in chunk["choices"]:
            message = choices.setdefault(choice["index"], {"delta": {}, "finish": None})
            if message["finish"]:
                raise Wrong("a delta behind the finish")
            if not message["delta"] and choice["delta"].get("role") != "assistant":
                raise Wrong("no role first")
            if any("function" not in call for call in choice["delta"].get("tool_calls") or []):
                raise Wrong("an SDK wants a function in each delta of a call")
            delta = json.loads(json.dumps(choice["delta"]))
            add(message["delta"], delta)
            message["finish"] = choice["finish_reason"]
    seen = openai_message(choices[0]["delta"], choices[0]["finish"], usage) if choices else None
    return seen, done


def openai_whole(text):
    if not text:
        return None, False
    answer = json.loads(text)
    if answer["object"] != "chat.completion" or not answer["id"].startswith("chatcmpl-"):
        raise Wrong("no completion")
    choice = answer["choices"][0]
    return openai_message(choice["message"], choice["finish_reason"], answer.get("usage")), True


def anthropic_message(message):
    usage, parts = message["usage"], message["content"]
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    prompt = usage["input_tokens"] + cached + written
    return {
        "text": "".join(p["text"] for p in parts if p["type"] == "text"),
        "refusal": "",
        "reasoning": "".join(p["thinking"] for p in parts if p["type"] == "thinking"),
        "tool_calls": [
            {"id": p["id"], "name": p["name"], "arguments": p["input"]}
            for p in parts if p["type"] == "tool_use"
        ],
        "details": [p for p in parts if p["type"] in ("thinking", "redacted_thinking")],
        "finish_reason": FINISH_OF_ANTHROPIC[message["stop_reason"]],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": usage["output_tokens"],
            "total_tokens": prompt + usage["output_tokens"],
            "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        },
    }


def anthropic_delta(block, delta):
    kind = delta["type"]
    if kind == "text_delta":
        block["text"] += delta["text"]
    elif kind == "thinking_delta":
        block["thinking"] += delta["thinking"]
    elif kind == "signature_delta":
        block["signature"] = block.get("signature", "") + delta["signature"]
    elif kind == "input_json_delta":
        block["partial"] = block.get("partial", "") + delta["partial_json"]


def anthropic_stream(text):
    message, done, open_block = None, False, None
    for data in frames(text):
        event = json.loads(data)
        kind = event["type"]
        if done:
            raise Wrong("something behind message_stop")
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            if open_block is not None or event["index"] != len(message["content"]):
                raise Wrong("blocks out of order")
            open_block = event["content_block"]
            message["content"].append(open_block)
        elif kind == "content_block_delta":
            anthropic_delta(open_block, event["delta"])
        elif kind == "content_block_stop":
            if open_block["type"] == "tool_use" and open_block.get("partial"):
                open_block["input"] = json.loads(open_block.pop("partial"))
            open_block = None
        elif kind == "message_delta":
            message["stop_reason"] = event["delta"]["stop_reason"]
            for name, value in event["usage"].items():
                if value is not None:
                    message["usage"][name] = value
        elif kind == "message_stop":
            done = True
    return (anthropic_message(message) if done else None), done


def anthropic_whole(text):
    return (anthropic_message(json.loads(text)), True) if text else (None, False)


def responses_message(response):
    items, usage = response["output"], response["usage"]
    if response["object"] != "response" or not response["id"].startswith("resp_"):
        raise Wrong("no response")
    if len({item["id"] for item in items}) != len(items):
        raise Wrong("two items of one id")
    parts = [p for item in items if item["type"] == "message" for p in item["content"]]
    thoughts = [item for item in items if item["type"] == "reasoning"]
    calls = [item for item in items if item["type"] == "function_call"]
    reason = (response["incomplete_details"] or {}).get("reason")
    return {
        "text": "".join(p["text"] for p in parts if p["type"] == "output_text"),
        "refusal": "".join(p["refusal"] for p in parts if p["type"] == "refusal"),
        "reasoning": "".join(p["text"] for item in thoughts for p in item["summary"]),
        "tool_calls": [
            {"id": c["call_id"], "name": c["name"], "arguments": json.loads(c["arguments"])}
            for c in calls
        ],
        "details": [item.get("encrypted_content") for item in thoughts],
        "finish_reason": {"max_output_tokens": "length"}.get(reason, reason)
                         or ("tool_calls" if calls else "stop"),
        "usage": usage and {
            "prompt_tokens": usage["input_tokens"],
            "completion_tokens": usage["output_tokens"],
            "total_tokens": usage["total_tokens"],
            "prompt_tokens_details": usage["input_tokens_details"],
            "completion_tokens_details": usage["output_tokens_details"],
        },
    }


def responses_delta(item, event):
    """What OpenAI's SDKs do with the events of an item that was added."""
    kind = event["type"].removeprefix("response.")
    if kind == "content_part.added":
        if event["content_index"] != len(item["content"]):
            raise Wrong("parts out of order")
        item["content"].append(event["part"])
    elif kind == "output_text.delta":
        item["content"][event["content_index"]]["text"] += event["delta"]
    elif kind == "output_text.annotation.added":
        item["content"][event["content_index"]]["annotations"].append(event["annotation"])
    elif kind == "refusal.delta":
        item["content"][event["content_index"]]["refusal"] += event["delta"]
    elif kind == "function_call_arguments.delta":
        item["arguments"] += event["delta"]
    elif kind == "reasoning_summary_part.added":
        item["summary"].append(event["part"])
    elif kind == "reasoning_summary_text.delta":
        item["summary"][event["summary_index"]]["text"] += event["delta"]
    elif kind in ("output_text.done", "content_part.done"):
        part = item["content"][event["content_index"]]
        if event.get("part", event)["text" if "text" in part else "refusal"] != part.get(
                "text", part.get("refusal")):
            raise Wrong(f"{kind} is not what was told")
    elif kind == "function_call_arguments.done" and event["arguments"] != item["arguments"]:
        raise Wrong("arguments.done is not what was told")


def responses_stream(text):
    response, items, finished, end = None, [], {}, None
    for number, data in enumerate(frames(text)):
        event = json.loads(data)
        kind = event["type"]
        if f"event: {kind}\n" not in text or event["sequence_number"] != number or end:
            raise Wrong(f"out of order: {data}")
        if kind == "response.created":
            response = event["response"]
        elif kind == "response.output_item.added":
            if event["output_index"] != len(items):
                raise Wrong("items out of order")
            items.append(event["item"])
        elif kind == "response.output_item.done":
            finished[event["output_index"]] = event["item"]
        elif kind in ("response.completed", "response.incomplete"):
            end = event["response"]
        elif "output_index" in event:
            item = items[event["output_index"]]
            if event["item_id"] != item["id"] or event["output_index"] in finished:
                raise Wrong(f"of another item: {data}")
            responses_delta(item, event)
    if end is None:
        return None, False
    if [finished[i] for i in sorted(finished)] != end["output"] or end["id"] != response["id"]:
        raise Wrong("the last event does not say what was told")
    for told, item in zip(items, end["output"]):
        for name in ("text", "refusal", "summary", "arguments", "call_id", "name", "id"):
            if told.get(name) != item.get(name):
                raise Wrong(f"told {told}, at the end {item}")
        if [p.get("text") for p in told.get("content", [])] != [
                p.get("text") for p in item.get("content", [])]:
            raise Wrong(f"told {told}, at the end {item}")
    return responses_message(end), True


def responses_whole(text):
    return (responses_message(json.loads(text)), True) if text else (None, False)


READERS = {
    ("responses", "stream"): responses_stream,
    ("responses", "whole"): responses_whole,
    ("openai", "stream"): openai_stream,
    ("openai", "whole"): openai_whole,
    ("anthropic", "stream"): anthropic_stream,
    ("anthropic", "whole"): anthropic_whole,
}


def usage_differs(wanted, got, native):
    if wanted is None:
        return None
    if got is None:
        return "no usage"
    details = {**(got.get("prompt_tokens_details") or {}), **(got.get("completion_tokens_details") or {})}
    for name, value in wanted.items():
        have = got.get(name, details.get(name))
        outside = (wanted.get("reasoning_tokens") or 0) if name == "completion_tokens" else 0
        if have == value or (have is None and name in ("cached_tokens", "cache_write_tokens") and not value):
            continue
        # Reasoning that stands outside of the completion: the total tells.
        if outside and have == value + outside and wanted["total_tokens"] == wanted["prompt_tokens"] + have:
            continue
        if name == "reasoning_tokens" and have is None and "completion_tokens_details" not in got:
            continue  # A client whose language has no word for it.
        return f"usage.{name}: {have}, wanted {value} (native {json.dumps(native)})"
    return None


def differences(expect, seen, client):
    if seen is None:
        yield "no answer"
        return
    # Clients of other languages than OpenAI's have no place for a plan: it is neither text nor
    # thought.
    plan = expect.get("tool_plan", "")
    if client == "openai" and plan != seen["tool_plan"]:
        yield f"tool_plan: {seen}, wanted {plan!r}"
    for name in ("text", "reasoning"):
        if name in expect and expect[name] != seen[name] and expect[name] != seen["refusal"]:
            yield f"{name}: {seen[name]!r}, wanted {expect[name]!r}"
    wanted = expect.get("tool_calls", [])
    if len(wanted) != len(seen["tool_calls"]):
        yield f"tool_calls: {seen['tool_calls']}, wanted {wanted}"
    for call, got in zip(wanted, seen["tool_calls"]):
        arguments = call["arguments"] if call["arguments"] is not None else {}
        if isinstance(arguments, str):
            arguments = json.loads(arguments or "{}")
        if call["name"] != got["name"] or arguments != got["arguments"]:
            yield f"tool call: {got}, wanted {call}"
        if call.get("id") and call["id"] != got["id"]:
            yield f"tool call id: {got['id']}, wanted {call['id']}"
    finish = expect.get("finish_reason")
    # Who was called for by name ends in "stop" at OpenAI; a translated answer says what it is.
    if finish and finish != seen["finish_reason"] and not (
            finish == "stop" and wanted and seen["finish_reason"] == "tool_calls"):
        yield f"finish_reason: {seen['finish_reason']}, wanted {finish}"
    if not finish and not seen["finish_reason"]:
        yield "no finish reason at all"
    wrong = usage_differs(expect.get("usage"), seen["usage"], expect.get("usage_native"))
    if wrong:
        yield wrong


class Replay:
    def __init__(self, program, upstream, path):
        self.program, self.upstream, self.path = program, upstream, path

    def run(self, client, file_is, piece, client_wants):
        ran = subprocess.run(
            [self.program, self.upstream, client, file_is, str(piece), str(self.path), client_wants],
            capture_output=True, timeout=120)
        if ran.returncode == 2:
            return None, None
        if ran.returncode != 0:
            raise Wrong(f"ended with {ran.returncode}: {ran.stderr.decode()[-400:]}")
        return ran.stdout.decode(), json.loads(ran.stderr.decode())


def run_changed(replay, client, file_is, text):
    with tempfile.NamedTemporaryFile("w", newline="") as changed:
        changed.write(text)
        changed.flush()
        return Replay(replay.program, replay.upstream, changed.name).run(client, file_is, 0, file_is)


def check_harmless(replay, client, out, answer):
    """The same stream with what may be in it beside: the same answer."""
    text = replay.path.read_text()
    for what, change in HARMLESS.items():
        if run_changed(replay, client, "stream", change(text)) != (out, answer):
            raise Wrong(f"{what} make another answer of it")


def check_splits(replay, client, wants):
    """In two pieces, wherever it is cut: the same answer."""
    ran = subprocess.run(
        [replay.program, replay.upstream, client, "splits", "0", str(replay.path), wants],
        capture_output=True, timeout=300)
    if ran.returncode != 0:
        raise Wrong(ran.stderr.decode()[-400:])


def check_unfinished(replay, client):
    """A provider that ends and never said why: the client has a finish and a true end."""
    text = replay.path.read_text()
    for pattern, instead in UNFINISHED:
        text = re.sub(pattern, instead, text)
    out, answer = run_changed(replay, client, "stream", text)
    seen, done = READERS[client, "stream"](out) if answer["done"] else (None, False)
    if not done or seen["finish_reason"] not in ("stop", "tool_calls"):
        raise Wrong(f"without a reason of the end: {answer}, {seen}")


def check_cut(replay, client):
    """Languages that tell their end: without it there is none, wherever the stream is cut."""
    if replay.upstream not in ("openai", "anthropic", "responses"):
        return
    parts = replay.path.read_text().replace("\r\n", "\n").rstrip("\n").split("\n\n")
    for count in sorted({0, 1, len(parts) // 2, len(parts) - 2, len(parts) - 1}):
        if count < 0:
            continue
        out, answer = run_changed(replay, client, "stream", "\n\n".join(parts[:count]) + "\n\n")
        if answer["done"] or any(end in out for end in ENDS):
            raise Wrong(f"cut behind {count} of {len(parts)} frames it still has an end")


def run_changed_bytes(replay, client, stream):
    with tempfile.NamedTemporaryFile("wb") as changed:
        changed.write(stream)
        changed.flush()
        return Replay(replay.program, replay.upstream, changed.name).run(client, "stream", 0, "stream")


def check_messages(replay, client, out, answer):
    """Harmless changes make the same answer; a stream that is cut has no end; a wrong bit is told."""
    stream = replay.path.read_bytes()
    messages = list(messages_of(stream))
    for what, change in HARMLESS_MESSAGES.items():
        changed = b"".join(change(*parts) for parts in messages)
        if run_changed_bytes(replay, client, changed) != (out, answer):
            raise Wrong(f"{what} make another answer of it")
    before_stop = next(
        (i for i, (headers, _) in enumerate(messages) if b"messageStop" in headers), len(messages))
    for count in sorted({0, 1, before_stop // 2, before_stop}):
        if run_changed_bytes(replay, client, b"".join(message(*m) for m in messages[:count]))[1]["done"]:
            raise Wrong(f"cut behind {count} messages it still has an end")
    for broken in (stream[:-1], stream[:40] + bytes([stream[40] ^ 1]) + stream[41:]):
        seen = run_changed_bytes(replay, client, broken)[1]
        if seen["read"] or (broken[40] != stream[40] and seen["done"]):
            raise Wrong("a stream that is broken is read as one that is not")


def check_answer(replay, client, expect, is_stream):
    file_is = "stream" if is_stream else "whole"
    told = []
    for wants in ("stream", "whole"):
        out, answer = replay.run(client, file_is, 0, wants)
        if out is None:
            return False
        if is_stream and replay.run(client, file_is, 1, wants) != (out, answer):
            raise Wrong("byte by byte it is another answer")
        if is_stream and wants == "stream" and client == CLIENTS[0]:
            check_splits(replay, client, wants)
        if wants == "stream" and replay.path.suffix == ".sse":
            check_harmless(replay, client, out, answer)
            check_cut(replay, client)
            if "stream_error" not in expect and replay.upstream != "responses":
                check_unfinished(replay, client)
        elif wants == "stream" and replay.path.suffix == ".bin" and "stream_error" not in expect:
            check_messages(replay, client, out, answer)
        elif wants == "whole" and replay.path.suffix == ".json":
            changed = replay.path.read_text().replace("{", '{"x_new":{"a":[null]},', 1)
            if run_changed(replay, client, "whole", changed) != (out, answer):
                raise Wrong("an unknown member makes another answer of it")
        if "stream_error" in expect:
            if not answer["error"] or answer["done"]:
                raise Wrong(f"the error in the stream is lost: {answer}")
            if answer["error_message"][:100] != expect["stream_error"]["message"][:100]:
                raise Wrong(f"another error: {answer['error_message']}")
            continue
        if answer["malformed"] or not answer["done"] or not answer["read"]:
            raise Wrong(f"not read to its end: {answer}")
        seen, done = READERS[client, wants](out)
        if not done:
            raise Wrong("the client is not told the end")
        wrong = list(differences(expect, seen, client))
        if wrong:
            raise Wrong(f"({wants}) " + "; ".join(wrong))
        told.append(seen)
    if len(told) == 2 and told[0] != told[1]:
        raise Wrong(f"streamed {told[0]}, whole {told[1]}")
    return True


def check_error(replay, client, expect):
    out, answer = replay.run(client, "error", 0, "whole")
    if out is None:
        return False
    if not answer["read"] or expect["message"][:100] not in answer["error_message"] + expect["message"][400:]:
        raise Wrong(f"another error: {answer}")
    return True


def check_ask(replay, folder):
    """What an OpenAI client asked, of either of its APIs, can be said in the provider's language."""
    asked = "responses" if replay.upstream == "responses" else "openai"
    ran = subprocess.run([replay.program, replay.upstream, asked, "ask", "0", str(folder / "ask.json")],
                         capture_output=True, timeout=120)
    if ran.returncode == 2:
        return
    told = json.loads(ran.stderr.decode())
    if not told["written"]:
        raise Wrong(f"the question is refused: {told}")
    json.loads(ran.stdout.decode())


def check(program, folder, client, upstream=None):
    """True, or None when there is no such language yet; raises Wrong."""
    meta = json.loads((folder / "meta.json").read_text())
    expect = json.loads((folder / "expect.json").read_text())
    name = upstream or meta["dialect"]
    if "dims" in expect or meta.get("kind") in ("embed", "embeddings"):
        return None
    replay = Replay(program, name, folder / meta["body"])
    if client == "openai" and (folder / "ask.json").exists() and meta.get("kind") == "chat" \
            and not expect.get("error"):
        check_ask(replay, folder)
    if expect.get("error"):
        return check_error(replay, client, expect) or None
    return check_answer(replay, client, expect, meta["body"] in ("response.sse", "response.bin")) or None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("names", nargs="*")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("-u", help="only this dialect of recordings")
    parser.add_argument("-c", help="only this client language")
    wanted = parser.parse_args()
    root = os.environ.get("TOLLGATE_RECORDINGS")
    if not root:
        print("no TOLLGATE_RECORDINGS: nothing to check")
        return 0
    counts = {True: 0, None: 0, False: 0}
    for folder in sorted(pathlib.Path(root).iterdir()):
        if not (folder / "expect.json").exists() or (wanted.names and folder.name not in wanted.names):
            continue
        if wanted.u and json.loads((folder / "meta.json").read_text())["dialect"] != wanted.u:
            continue
        for client in CLIENTS:
            if wanted.c and client != wanted.c:
                continue
            try:
                result = check(wanted.program, folder, client)
            except (Wrong, json.JSONDecodeError, KeyError, TypeError, IndexError) as wrong:
                result = False
                print(f"{folder.name} -> {client}: {type(wrong).__name__}: {wrong}")
            counts[result] += 1
            if wanted.v and result is not False:
                print(f"{folder.name} -> {client}: {'good' if result else 'not spoken'}")
    print(f"{counts[True]} good, {counts[False]} wrong, {counts[None]} not spoken")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
