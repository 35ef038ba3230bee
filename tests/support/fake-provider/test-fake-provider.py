"""Black-box test of tollgate-fake-provider, with nothing but the standard library.

Run as: test-fake-provider.py PATH_TO_THE_PROGRAM
"""
import base64
import hashlib
import hmac
import http.client
import json
import math
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from dialects import DIALECTS, Anthropic, Bedrock, Cohere, Gemini, OpenAI, sse

PROGRAM = sys.argv.pop(1)
DEADLINE_S = 10


class Provider:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.host, port = line.split()[-1].split(":")
        self.port = int(port)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(DEADLINE_S) == 0
        self.process.stdout.close()

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def chat(self, path="/v1/chat/completions", headers=None, **members):
        body = {"model": "m", "messages": [{"role": "user", "content": "hello there"}], **members}
        return self.call("POST", path, body, headers)

    def answer(self, **members):
        status, _, body = self.chat(**members)
        assert status == 200, body
        return json.loads(body)

    def events(self, **members):
        """All data lines of a stream that ended well at the HTTP level."""
        status, headers, body = self.chat(stream=True, **members)
        assert status == 200, body
        assert headers["content-type"].startswith("text/event-stream")
        lines = [line for line in body.decode().split("\n\n") if line]
        assert all(line.startswith("data: ") for line in lines)
        return [line[6:] for line in lines]

    def truth(self, since=0):
        _, headers, body = self.call("GET", f"/truth?since={since}")
        return [json.loads(line) for line in body.splitlines()], int(headers["x-truth-next"])

    def last_truth(self):
        """The last call, as soon as it has ended."""
        return self.truth()[0][-1]

    def open_stream(self, **members):
        """A raw connection with the request sent, for reading some and leaving."""
        body = json.dumps({"model": "m", "stream": True,
                           "messages": [{"role": "user", "content": "hello there"}], **members})
        connection = socket.create_connection((self.host, self.port), DEADLINE_S)
        connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
                            f"content-length: {len(body)}\r\n\r\n{body}").encode())
        return connection


def text_of(events, member="content"):
    deltas = [choice["delta"] for line in events if line != "[DONE]"
              for choice in json.loads(line)["choices"]]
    return "".join(delta.get(member) or "" for delta in deltas)


def tokens_of(text):
    return math.ceil(len(text.encode()) / 4)


class FakeProvider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()

    @classmethod
    def tearDownClass(cls):
        cls.provider.stop()

    def setUp(self):
        self.provider.call("DELETE", "/truth")
        self.provider.call("DELETE", "/control")

    def test_an_answer_is_the_same_again_and_its_usage_is_counted(self):
        first, second = self.provider.answer(), self.provider.answer()
        text = first["choices"][0]["message"]["content"]
        self.assertEqual(text, second["choices"][0]["message"]["content"])
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(first["usage"]["prompt_tokens"], tokens_of("hello there"))
        self.assertEqual(first["usage"]["completion_tokens"], tokens_of(text))
        truth = self.provider.last_truth()
        self.assertTrue(truth["whole"] and truth["usage_told"])
        self.assertEqual(truth["meters"]["output"], tokens_of(text))

    def test_a_stream_says_the_same_as_the_whole_answer(self):
        whole = self.provider.answer(n=3)
        events = self.provider.events(n=3, stream_options={"include_usage": True})
        self.assertEqual(events[-1], "[DONE]")
        usage = json.loads(events[-2])
        self.assertEqual(usage["choices"], [])
        self.assertEqual(usage["usage"], whole["usage"])
        for index, choice in enumerate(whole["choices"]):
            mine = [line for line in events[:-2] if json.loads(line)["choices"][0]["index"] == index]
            self.assertEqual(text_of(mine), choice["message"]["content"])
            self.assertEqual(json.loads(mine[-1])["choices"][0]["finish_reason"], "stop")

    def test_usage_is_streamed_only_when_asked_for(self):
        self.assertFalse(any("usage" in line for line in self.provider.events()))

    def test_an_answer_is_cut(self):
        short = self.provider.answer(max_tokens=5)
        self.assertEqual(short["choices"][0]["finish_reason"], "length")
        self.assertEqual(short["usage"]["completion_tokens"], 5)
        stopped = self.provider.answer(stop=["never said", " sandbox"])
        self.assertEqual(stopped["choices"][0]["finish_reason"], "stop")
        self.assertEqual(stopped["choices"][0]["message"]["content"],
                         "This answer is invented by the Tollgate")

    def test_echo_keeps_every_character(self):
        said = "\u4e1c \U0001f642 \"quoted\" \\ and\n\tlines \u0007"
        events = self.provider.events(messages=[{"role": "user", "content": "echo: " + said}])
        self.assertEqual(text_of(events), said)

    TOOLS = [{"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "$defs": {"unit": {"enum": ["c", "f"]}},
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3},
                       "unit": {"$ref": "#/$defs/unit"},
                       "list": {"type": "array", "items": {"type": ["number", "null"]}}}}}}
             for name in ("weather", "tides")]

    def test_tools_are_called_when_asked_for(self):
        rows = [
            ("hello", "auto", []),
            ("please use the tool", "auto", ["weather"]),
            ("please use the tools", "auto", ["weather", "tides"]),
            ("hello", "required", ["weather"]),
            ("hello", {"type": "function", "function": {"name": "tides"}}, ["tides"]),
            ("use the tool", "none", []),
        ]
        for text, choice, names in rows:
            with self.subTest(text=text, choice=choice):
                members = {"messages": [{"role": "user", "content": text}], "tools": self.TOOLS,
                           "tool_choice": choice}
                whole = self.provider.answer(**members)
                calls = whole["choices"][0]["message"].get("tool_calls", [])
                self.assertEqual([call["function"]["name"] for call in calls], names)
                streamed = {}
                for line in self.provider.events(**members)[:-1]:
                    for part in json.loads(line)["choices"][0]["delta"].get("tool_calls", []):
                        name, arguments = streamed.get(part["index"], ("", ""))
                        streamed[part["index"]] = (name + part["function"].get("name", ""),
                                                   arguments + part["function"]["arguments"])
                self.assertEqual([streamed[i] for i in sorted(streamed)],
                                 [(c["function"]["name"], c["function"]["arguments"]) for c in calls])
                for call in calls:
                    arguments = json.loads(call["function"]["arguments"])
                    self.assertGreaterEqual(arguments["days"], 3)
                    self.assertIn(arguments["unit"], ("c", "f"))

    def test_json_modes_answer_with_json(self):
        answer = self.provider.answer(response_format={"type": "json_object"})
        self.assertIsInstance(json.loads(answer["choices"][0]["message"]["content"]), dict)
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}, "self": {"$ref": "#"}}}
        answer = self.provider.answer(response_format={
            "type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
        self.assertIsInstance(json.loads(answer["choices"][0]["message"]["content"])["ok"], bool)

    def test_classes_of_tokens(self):
        usage = self.provider.answer(user="fake:cached=2;reasoning=7;tokens=10")["usage"]
        self.assertEqual(usage["prompt_tokens_details"]["cached_tokens"], 2)
        self.assertEqual(usage["completion_tokens"], 17)
        self.assertEqual(usage["completion_tokens_details"]["reasoning_tokens"], 7)
        self.assertEqual(self.provider.last_truth()["meters"],
                         {"input": 1, "cache_read": 2, "output": 17, "reasoning": 7})
        events = self.provider.events(metadata={"fake": "thinking=5;tokens=2"})
        self.assertEqual(tokens_of(text_of(events, "reasoning_content")), 5)

    def test_embeddings_are_the_same_in_both_forms(self):
        def ask(**members):
            status, _, body = self.provider.call(
                "POST", "/v1/embeddings", {"model": "e", "input": ["a", "b"], **members})
            self.assertEqual(status, 200)
            return json.loads(body)
        floats, packed = ask(dimensions=8), ask(dimensions=8, encoding_format="base64")
        for one, other in zip(floats["data"], packed["data"]):
            numbers = struct.unpack("<8f", base64.b64decode(other["embedding"]))
            self.assertAlmostEqual(sum(x * x for x in numbers), 1, 5)
            for x, y in zip(one["embedding"], numbers):
                self.assertAlmostEqual(x, y, 6)
        self.assertEqual(len(ask()["data"][1]["embedding"]), 1536)
        self.assertEqual(ask(input=[1, 2, 3])["usage"]["prompt_tokens"], 3)

    def test_statuses(self):
        rows = [("400-context", 400, "context_length_exceeded"), ("401", 401, "invalid_api_key"),
                ("408", 408, "request_timeout"), ("409", 409, None), ("429", 429, "rate_limit_exceeded"),
                ("500", 500, None), ("503", 503, "overloaded"), ("529", 529, "overloaded")]
        for fault, status, code in rows:
            for stream in (False, True):
                with self.subTest(fault=fault, stream=stream):
                    got, headers, body = self.provider.chat(model="x-fault-" + fault, stream=stream)
                    self.assertEqual((got, json.loads(body)["error"]["code"]), (status, code))
                    self.assertEqual("retry-after" in headers, status in (429, 503))
                    truth = self.provider.last_truth()
                    self.assertEqual((truth["status"], truth["meters"]["input"]), (status, 0))

    def test_broken_connections(self):
        for stream in (False, True):
            for fault in ("reset-before-head", "close-before-head", "reset-after-head", "reset-mid", "cut",
                          "garbage-head"):
                with self.subTest(fault=fault, stream=stream):
                    with self.assertRaises((ConnectionError, http.client.HTTPException)):
                        self.provider.chat(user="fault=" + fault, stream=stream)
                    self.assertEqual(self.provider.last_truth()["end"], "broken")

    def test_bad_bodies(self):
        for fault, kind in (("html", "text/html"), ("empty", "application/json"),
                            ("malformed", "application/json"), ("truncate", "application/json")):
            with self.subTest(fault=fault):
                status, headers, body = self.provider.chat(user="fault=" + fault)
                self.assertEqual((status, headers["content-type"]), (200, kind))
                with self.assertRaises(ValueError):
                    json.loads(body)
        _, headers, body = self.provider.chat(user="fault=wrong-type")
        self.assertEqual(headers["content-type"], "text/plain")
        self.assertEqual(len(json.loads(body)["choices"]), 1)

    def test_broken_streams_bill_what_went_out(self):
        for fault in ("truncate", "malformed", "error-mid"):
            with self.subTest(fault=fault):
                events = self.provider.events(user=f"fault={fault};after=4")
                self.assertNotIn("[DONE]", events)
                good = [line for line in events if '"delta"' in line and not line.endswith("broken")]
                truth = self.provider.last_truth()
                self.assertEqual(truth["end"], "broken")
                self.assertEqual(truth["meters"]["output"], tokens_of(text_of(good)))
                self.assertEqual(truth["meters"]["input"], tokens_of("hello there"))
        self.provider.events(user="fault=truncate;after=0")
        self.assertEqual(self.provider.last_truth()["meters"]["input"], 0)

    def test_ends_of_streams(self):
        self.assertNotIn("[DONE]", self.provider.events(user="fault=no-done"))
        events = self.provider.events(user="fault=no-finish")
        self.assertEqual(events[-1], "[DONE]")
        self.assertFalse(any('"finish_reason":"' in line for line in events))

    def test_usages(self):
        rows = {"no-usage": [], "null-usage": [None], "text-usage": ["12"], "negative-usage": [-5],
                "huge-usage": [10 ** 18], "fraction-usage": [1.5], "zero-usage": [0]}
        for fault, wanted in rows.items():
            with self.subTest(fault=fault):
                events = self.provider.events(user="fault=" + fault, stream_options={"include_usage": True})
                last = [json.loads(line) for line in events[:-1] if json.loads(line)["choices"] == []]
                if fault == "no-usage":
                    self.assertFalse(any("usage" in event for event in last))
                else:
                    got = [event["usage"] and event["usage"]["completion_tokens"] for event in last]
                    self.assertEqual(got, wanted)
                truth = self.provider.last_truth()
                self.assertFalse(truth["usage_told"])
                self.assertEqual(truth["meters"]["output"], tokens_of(text_of(events)))
                whole = self.provider.answer(user="fault=" + fault)
                self.assertEqual("usage" in whole, fault != "no-usage")
        events = self.provider.events(user="fault=twice-usage", stream_options={"include_usage": True})
        self.assertEqual(sum('"choices":[]' in line for line in events), 2)
        self.assertTrue(self.provider.last_truth()["usage_told"])
        events = self.provider.events(user="fault=late-usage", stream_options={"include_usage": True})
        self.assertEqual(events[-2], "[DONE]")

    def test_a_chunk_per_byte_gives_the_same_answer(self):
        self.assertEqual(text_of(self.provider.events(user="fault=split")),
                         text_of(self.provider.events(user="fault=none")))
        self.assertEqual(self.provider.answer(user="fault=split")["object"], "chat.completion")

    def test_floods(self):
        _, _, body = self.provider.chat(stream=True, user="fault=huge-line;bytes=3000000")
        self.assertGreater(max(len(line) for line in body.split(b"\n")), 3000000)
        _, _, body = self.provider.chat(user="fault=huge-line;bytes=3000000")
        self.assertGreater(len(json.loads(body)["choices"][0]["message"]["content"]), 2999999)
        _, headers, body = self.provider.chat(user="fault=gzip-bomb;bytes=50000000")
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertLess(len(body), 60000)

    def test_one_who_leaves_is_billed_what_went_out(self):
        connection = self.provider.open_stream(user="fault=stall-mid;after=5")
        received = b""
        while received.count(b'"content":"') < 6:
            received += connection.recv(65536)
        connection.close()
        truth = self.wait_for_truth()
        self.assertEqual((truth["end"], truth["whole"]), ("left", False))
        self.assertEqual(truth["meters"]["output"], tokens_of("This answer is invented by"))

    def wait_for_truth(self):
        """The log has no line before the provider has noticed; its answers are asked for in turn."""
        poll = select.poll()
        for _ in range(DEADLINE_S * 100):
            lines, _ = self.provider.truth()
            if lines:
                return lines[-1]
            poll.poll(10)
        self.fail("no line in the truth log")

    def test_one_who_leaves_before_the_first_byte_is_billed_nothing(self):
        connection = self.provider.open_stream(user="fault=stall-before-head")
        connection.close()
        truth = self.wait_for_truth()
        self.assertEqual((truth["end"], truth["status"], truth["meters"]["input"]), ("left", 0, 0))

    def test_an_endless_stream_ends_with_its_reader(self):
        connection = self.provider.open_stream(user="fault=endless")
        received = 0
        while received < 1000000:
            received += len(connection.recv(65536))
        connection.close()
        truth = self.wait_for_truth()
        self.assertEqual(truth["end"], "left")
        self.assertGreater(truth["meters"]["output"], 1000)

    def test_rules_strike_the_calls_that_match_and_run_out(self):
        post = lambda **rule: self.provider.call("POST", "/control", rule)[0]
        self.assertEqual(post(model="m", site="east", fault="503", count=2), 200)
        self.assertEqual(post(fault="nonsense"), 400)
        self.assertEqual(post(fault="500", count="x"), 400)
        east = "/east/v1/chat/completions"
        self.assertEqual(self.provider.chat()[0], 200)
        self.assertEqual([self.provider.chat(path=east)[0] for _ in range(3)], [503, 503, 200])
        self.assertEqual(self.provider.last_truth()["site"], "east")
        post(key="sk-1", fault="401")
        self.assertEqual(self.provider.chat(headers={"authorization": "Bearer sk-2"})[0], 200)
        self.assertEqual(self.provider.chat(headers={"authorization": "Bearer sk-1"})[0], 401)

    def test_the_truth_log_pages_and_knows_the_gateways_ids(self):
        for attempt in ("1", "2"):
            self.provider.chat(headers={"x-tollgate-request-id": "gen_01abc", "x-tollgate-attempt": attempt})
        lines, after = self.provider.truth()
        self.assertEqual([(line["request_id"], line["attempt"]) for line in lines],
                         [("gen_01abc", 1), ("gen_01abc", 2)])
        self.assertEqual(self.provider.truth(after)[0], [])
        self.assertEqual(self.provider.call("GET", "/truth?request_id=gen_other")[2], b"")

    def test_bad_requests_are_refused(self):
        for members in ({"messages": []}, {"messages": "x"}, {"model": 5}, {"n": 0}, {"max_tokens": 0},
                        {"stop": [1]}, {"stream": "yes"}):
            with self.subTest(members=members):
                status, _, body = self.provider.chat(**members)
                self.assertEqual(status, 400)
                self.assertEqual(json.loads(body)["error"]["type"], "invalid_request_error")
        self.assertEqual(self.provider.call("GET", "/nowhere")[0], 404)
        self.assertEqual(self.provider.call("GET", "/v1/chat/completions")[0], 405)

    def test_requests_may_come_in_pieces_and_in_a_row(self):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1})
        one = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        with socket.create_connection((self.provider.host, self.provider.port), DEADLINE_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in one:
                connection.sendall(bytes([byte]))
            connection.sendall(one + one)
            received = b""
            while received.count(b"HTTP/1.1 200 OK") < 3 or not received.endswith(b"}\n"):
                received += connection.recv(65536)


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}}}


class Dialects(unittest.TestCase):
    """The same of every dialect: one core, told in different words."""

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()

    @classmethod
    def tearDownClass(cls):
        cls.provider.stop()

    def setUp(self):
        self.provider.call("DELETE", "/truth")

    def send(self, dialect, text="hello there", stream=False, spec=None, **wishes):
        path, headers, body = dialect.request(text, stream, **wishes)
        if spec:
            headers["x-fake-fault"] = spec
        return self.provider.call("POST", path, body, headers)

    def ask(self, dialect, text="hello there", stream=False, spec=None, **wishes):
        status, headers, body = self.send(dialect, text, stream, spec, **wishes)
        self.assertEqual(status, 200, body)
        if stream:
            self.assertTrue(headers["content-type"].startswith(dialect.stream_type), headers["content-type"])
            return dialect.read_stream(body)
        return dialect.read_whole(json.loads(body))

    def last(self, query=""):
        lines = self.provider.call("GET", "/truth?" + query)[2].splitlines()
        return json.loads(lines[-1])

    def test_every_dialect_says_the_same_whole_and_streamed(self):
        said = set()
        for dialect in DIALECTS:
            with self.subTest(dialect=dialect.name):
                whole, streamed = self.ask(dialect), self.ask(dialect, stream=True)
                self.assertEqual(whole, streamed)
                self.assertEqual(whole.finish, dialect.finish["stop"])
                said.add(whole.text)
                truth = self.last()
                self.assertEqual((truth["dialect"], truth["stream"], truth["status"]), (dialect.name, True, 200))
                self.assertEqual(whole.meters["input"], tokens_of("hello there"))
                self.assertEqual(whole.meters, {name: truth["meters"].get(name, 0) for name in whole.meters})
                self.assertTrue(truth["usage_told"])
        self.assertEqual(len(said), 1, "the answer depends on the dialect")

    def test_every_dialect_thinks_calls_and_is_cut(self):
        rows = [
            ("hello", {"cap": 5}, "length", []),
            ("echo: one two three", {"stops": [" three"]}, "stop_text", []),
            ("hello", {"tools": {"weather": SCHEMA}}, "stop", []),
            ("please use the tool", {"tools": {"weather": SCHEMA, "tides": SCHEMA}}, "calls", ["weather"]),
            ("please use the tools", {"tools": {"weather": SCHEMA, "tides": SCHEMA}}, "calls", ["weather", "tides"]),
            ("hello", {"tools": {"weather": SCHEMA}, "choice": "any"}, "calls", ["weather"]),
            ("hello", {"tools": {"weather": SCHEMA, "tides": SCHEMA}, "choice": "tides"}, "calls", ["tides"]),
        ]
        for dialect in DIALECTS:
            for text, wishes, finish, names in rows:
                if not dialect.can(wishes):
                    continue
                with self.subTest(dialect=dialect.name, text=text, **wishes):
                    whole = self.ask(dialect, text, spec="thinking=6", **wishes)
                    streamed = self.ask(dialect, text, True, spec="thinking=6", **wishes)
                    self.assertEqual(whole, streamed)
                    self.assertEqual(whole.finish, dialect.finish[finish])
                    self.assertEqual([name for name, _ in whole.calls], names)
                    for _, arguments in whole.calls:
                        self.assertGreaterEqual(arguments["days"], 3)
                    if finish == "stop_text":
                        self.assertEqual(whole.text, "one two")
                    if dialect.thinks and "cap" not in wishes:
                        self.assertEqual(tokens_of(whole.thinking), 6)

    def test_every_dialect_answers_with_json(self):
        for dialect in DIALECTS:
            if dialect.can({"schema": SCHEMA}):
                with self.subTest(dialect=dialect.name):
                    answer = self.ask(dialect, schema=SCHEMA)
                    self.assertGreaterEqual(json.loads(answer.text)["days"], 3)

    def test_every_dialect_tells_its_classes_of_tokens(self):
        text = "a prompt that is long enough to be cut in four parts"
        for dialect in DIALECTS:
            with self.subTest(dialect=dialect.name):
                spec = "cached=3;written=4;written_1h=2" if dialect.writes_cache else "cached=3"
                whole = self.ask(dialect, text, spec=spec + ";reasoning=7;tokens=10")
                meters = self.last()["meters"]
                self.assertEqual(whole.meters["output"], meters["output"])
                self.assertEqual(meters["output"], 17)
                for name, value in whole.meters.items():
                    self.assertEqual(value, meters.get(name, 0), name)
                self.assertEqual(sum(meters.get(name, 0) for name in
                                     ("input", "cache_read", "cache_write", "cache_write_1h")), tokens_of(text))

    def test_every_dialect_has_its_own_errors(self):
        for dialect in DIALECTS:
            for fault, status in (("400", 400), ("401", 401), ("403", 403), ("404", 404), ("429", 429),
                                  ("500", 500), ("503", 503)):
                for stream in (False, True):
                    with self.subTest(dialect=dialect.name, fault=fault, stream=stream):
                        got, headers, body = self.send(dialect, stream=stream, spec=fault)
                        self.assertEqual(got, status)
                        self.assertEqual(dialect.read_error(headers, json.loads(body)), dialect.errors[status])
                        self.assertEqual("retry-after" in headers, status in (429, 503))
            with self.subTest(dialect=dialect.name, fault="bad request"):
                got, headers, body = self.send(dialect, cap=0 if dialect.can({"cap": 1}) else None,
                                               turns="not a list")
                self.assertEqual(got, 400)
                self.assertEqual(dialect.read_error(headers, json.loads(body)), dialect.errors[400])

    def test_an_error_inside_of_a_good_answer(self):
        for dialect in DIALECTS:
            for status in (429, 503):
                with self.subTest(dialect=dialect.name, status=status):
                    spec = f"error-mid;after=2;status={status}"
                    got, headers, body = self.send(dialect, spec=spec)
                    self.assertEqual(got, 200)
                    self.assertEqual(dialect.read_error({}, json.loads(body)), dialect.error_inside(status))
                    answer = self.ask(dialect, stream=True, spec=spec)
                    self.assertEqual(answer.error, dialect.error_in_stream(status))
                    self.assertEqual(answer.text, "This answer")
                    self.assertIsNone(answer.finish)
                    truth = self.last()
                    self.assertEqual((truth["end"], truth["meters"]["output"]), ("broken", tokens_of("This answer")))
                    self.assertFalse(truth["usage_told"])

    def test_faults_in_the_midst_of_a_stream(self):
        rows = {"truncate": "broken", "malformed": "broken", "bad-crc": "broken", "cut-frame": "broken",
                "unknown-event": "whole", "no-done": "whole", "no-finish": "whole", "split": "whole",
                "reset-mid": "broken", "cut": "broken", "garbage-head": "broken", "close-before-head": "broken"}
        for dialect in DIALECTS:
            good = self.ask(dialect, stream=True)
            for fault, end in rows.items():
                with self.subTest(dialect=dialect.name, fault=fault):
                    spec = fault + ";after=4"
                    if fault in ("reset-mid", "cut", "garbage-head", "close-before-head"):
                        with self.assertRaises((ConnectionError, http.client.HTTPException)):
                            self.send(dialect, stream=True, spec=spec)
                    elif fault in {"malformed", "bad-crc", "cut-frame"} | dialect.unfinished:
                        _, _, body = self.send(dialect, stream=True, spec=spec)
                        with self.assertRaises(ValueError):
                            dialect.read_stream(body)
                    else:
                        answer = self.ask(dialect, stream=True, spec=spec)
                        wrong = fault == "truncate" or fault in dialect.ends_by
                        self.assertEqual(answer == good, not wrong, answer)
                        self.assertEqual(answer.finish is None, wrong, answer.finish)
                    truth = self.last()
                    self.assertEqual(truth["end"], end)
                    if fault in ("truncate", "malformed", "bad-crc", "cut-frame", "cut"):
                        self.assertEqual(truth["meters"]["output"], tokens_of("This answer is invented"))

    def test_wrong_usages(self):
        rows = {"no-usage": None, "null-usage": None, "text-usage": "12", "negative-usage": -5,
                "huge-usage": 10 ** 18, "fraction-usage": 1.5, "zero-usage": 0}
        for dialect in DIALECTS:
            for fault, wanted in rows.items():
                for stream in (False, True):
                    with self.subTest(dialect=dialect.name, fault=fault, stream=stream):
                        answer = self.ask(dialect, stream=stream, spec=fault)
                        self.assertEqual(dialect.told_output(answer.usage), wanted)
                        self.assertFalse(self.last()["usage_told"])
            for fault in ("twice-usage", "late-usage"):
                with self.subTest(dialect=dialect.name, fault=fault):
                    answer = self.ask(dialect, stream=True, spec=fault)
                    self.assertEqual(answer.meters["output"], tokens_of(answer.text))

    def test_floods_in_every_dialect(self):
        for dialect in DIALECTS:
            for stream in (False, True):
                with self.subTest(dialect=dialect.name, stream=stream):
                    _, _, body = self.send(dialect, stream=stream, spec="huge-line;bytes=2000000")
                    self.assertGreater(len(body), 2000000)
                    if not stream:
                        self.assertEqual(len(dialect.read_whole(json.loads(body)).text), 2000000)

    def test_the_truth_log_has_what_was_asked(self):
        for dialect in DIALECTS:
            with self.subTest(dialect=dialect.name):
                path, headers, body = dialect.request("hello there", False)
                headers.update({"authorization": "Bearer secret-1", "content-type": "application/json"})
                self.provider.call("POST", path, body, headers)
                truth = self.last("body=1")
                self.assertEqual(json.loads(truth["body"]), body)
                self.assertEqual(truth["path"], path.split("?")[0])
                self.assertEqual(truth["headers"]["authorization"], "Bearer")
                self.assertNotIn("secret-1", json.dumps(truth))
                self.assertNotIn("body", self.last())

    def test_a_spec_reaches_every_dialect(self):
        for dialect in DIALECTS:
            with self.subTest(dialect=type(dialect).__name__):
                path, headers, body = dialect.request("hello there", False, spec_in_body="503")
                self.assertEqual(self.provider.call("POST", path, body, headers)[0],
                                 503 if dialect.spec_member else 200)
                path, headers, body = dialect.request("hello there", False, model="x-fault-503")
                self.assertEqual(self.provider.call("POST", path, body, headers)[0], 503)
                path, headers, body = dialect.request("hello there", False)
                self.assertEqual(self.provider.call("POST", "/fault-429" + path, body, headers)[0], 429)
                self.assertEqual(self.last()["site"], "fault-429")
                self.provider.call("POST", "/control", {"site": "west", "fault": "500"})
                self.assertEqual(self.provider.call("POST", "/west" + path, body, headers)[0], 500)

    def test_results_of_tools_answer_calls(self):
        def rows(call, result):
            ask = {"role": "user", "content": "weather?"}
            turn = lambda role, part: {"role": role, "content": [part]}
            function = {"id": call, "type": "function", "function": {"name": "w", "arguments": "{}"}}
            yield OpenAI(), [ask, {"role": "assistant", "tool_calls": [function]},
                             {"role": "tool", "tool_call_id": result, "content": "sun"}]
            yield Cohere(), [ask, {"role": "assistant", "tool_calls": [function]},
                             {"role": "tool", "tool_call_id": result, "content": "sun"}]
            yield Anthropic(), [
                ask, turn("assistant", {"type": "tool_use", "id": call, "name": "w", "input": {}}),
                turn("user", {"type": "tool_result", "tool_use_id": result, "content": "sun"})]
            yield Bedrock(), [
                turn("user", {"text": "weather?"}),
                turn("assistant", {"toolUse": {"toolUseId": call, "name": "w", "input": {}}}),
                turn("user", {"toolResult": {"toolUseId": result, "content": [{"text": "sun"}]}})]
        for call, result, status in (("c1", "c1", 200), ("c1", "c2", 400)):
            for dialect, turns in rows(call, result):
                with self.subTest(dialect=dialect.name, result=result):
                    self.assertEqual(self.send(dialect, turns=turns)[0], status)
        items = [{"type": "function_call", "call_id": "c1", "name": "w", "arguments": "{}"},
                 {"type": "function_call_output", "call_id": "c2", "output": "sun"}]
        self.assertEqual(self.respond(input=items)[0], 400)
        items[1]["call_id"] = "c1"
        self.assertEqual(self.respond(input=items)[0], 200)

    def test_the_input_of_one_chat_counts_the_same_translated(self):
        arguments, schema = '{"city":"Ulm"}', '{"type":"object"}'
        wanted = tokens_of("be kind" + "weather?" + "w" + arguments + "sun" + "w" + "tells it" + schema)
        call, tool = json.loads(arguments), {"name": "w", "description": "tells it"}
        rows = [
            (Anthropic(), {"system": "be kind", "tools": [{**tool, "input_schema": json.loads(schema)}]},
             [{"role": "user", "content": "weather?"},
              {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "w", "input": call}]},
              {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sun"}]}]),
            (Gemini(), {"systemInstruction": {"parts": [{"text": "be kind"}]},
                        "tools": [{"functionDeclarations": [{**tool, "parameters": json.loads(schema)}]}]},
             [{"role": "user", "parts": [{"text": "weather?"}]},
              {"role": "model", "parts": [{"functionCall": {"name": "w", "args": call}}]},
              {"role": "user", "parts": [{"functionResponse": {"name": "w", "response": {"result": "sun"}}}]}]),
            (Bedrock(), {"system": [{"text": "be kind"}],
                         "toolConfig": {"tools": [{"toolSpec": {**tool, "inputSchema": {"json": json.loads(schema)}}}]}},
             [{"role": "user", "content": [{"text": "weather?"}]},
              {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "w", "input": call}}]},
              {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "sun"}]}}]}]),
            (Cohere(), {"tools": [{"type": "function", "function": {**tool, "parameters": json.loads(schema)}}]},
             [{"role": "system", "content": "be kind"}, {"role": "user", "content": "weather?"},
              {"role": "assistant", "tool_calls": [
                  {"id": "c1", "type": "function", "function": {"name": "w", "arguments": arguments}}]},
              {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "sun"}]}]),
        ]
        for dialect, more, turns in rows:
            with self.subTest(dialect=dialect.name):
                path, headers, body = dialect.request("", False, turns=turns)
                packed = json.dumps({**body, **more}, separators=(",", ":"))
                connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
                connection.request("POST", path, packed, headers)
                answer = dialect.read_whole(json.loads(connection.getresponse().read()))
                connection.close()
                self.assertEqual(answer.meters["input"], wanted)

    def test_anthropic_wants_its_own(self):
        path, headers, body = Anthropic().request("hello", False)
        self.assertEqual(self.provider.call("POST", path, body)[0], 400)
        answer = self.ask(Anthropic(), spec="thinking=6")
        block = {"type": "thinking", "thinking": answer.thinking, "signature": answer.signature}
        for change, status in (({}, 200), ({"signature": "x"}, 400), ({"thinking": "y"}, 400)):
            body["messages"] = [{"role": "user", "content": "hello"},
                                {"role": "assistant", "content": [{**block, **change}, {"type": "text", "text": "a"}]},
                                {"role": "user", "content": "more"}]
            self.assertEqual(self.provider.call("POST", path, body, headers)[0], status, change)
        status, _, answer = self.provider.call("POST", path + "/count_tokens", body, headers)
        self.assertEqual((status, json.loads(answer)["input_tokens"]), (200, tokens_of("hello" + "y" + "amore")))
        events = sse(self.send(Anthropic(), stream=True)[2])
        self.assertEqual([name for name, _ in events][:3], ["message_start", "content_block_start", "ping"])
        self.assertEqual([name for name, _ in events][-3:], ["content_block_stop", "message_delta", "message_stop"])


    def respond(self, **members):
        status, _, body = self.provider.call("POST", "/v1/responses", {"model": "m", "input": "hello there", **members})
        return status, json.loads(body)

    def stored(self, method, path):
        status, _, body = self.provider.call(method, "/v1/responses/" + path)
        return status, json.loads(body)

    def test_responses_can_be_read_gone_on_from_and_deleted(self):
        _, first = self.respond(metadata={"a": "b"})
        self.assertEqual(first["metadata"], {"a": "b"})
        self.assertEqual(self.stored("GET", first["id"]), (200, first))
        status, items = self.stored("GET", first["id"] + "/input_items")
        self.assertEqual((status, items["data"][0]["content"][0]["text"]), (200, "hello there"))
        _, second = self.respond(previous_response_id=first["id"],
                                 input=[{"role": "user", "content": "one"}, {"role": "user", "content": "two"}])
        self.assertEqual(second["previous_response_id"], first["id"])
        self.assertEqual(second["usage"]["input_tokens"], first["usage"]["total_tokens"] + tokens_of("onetwo"))
        _, items = self.stored("GET", second["id"] + "/input_items")
        self.assertEqual([item["content"] for item in items["data"]], ["two", "one"])
        self.assertEqual(self.stored("POST", first["id"] + "/cancel")[0], 400)
        self.assertTrue(self.stored("DELETE", first["id"])[1]["deleted"])
        self.assertEqual(self.stored("GET", first["id"])[0], 404)
        self.assertEqual(self.respond(previous_response_id=first["id"])[0], 400)
        self.assertEqual(self.stored("GET", self.respond(store=False)[1]["id"])[0], 404)
        self.assertEqual(self.last()["endpoint"], "responses")

    def test_responses_in_the_background(self):
        status, begun = self.respond(background=True)
        self.assertEqual((status, begun["status"], begun["output"], begun["usage"]), (200, "queued", [], None))
        self.assertEqual(self.last()["meters"]["output"], 0)
        seen = [self.stored("GET", begun["id"])[1] for _ in range(3)]
        self.assertEqual([one["status"] for one in seen], ["in_progress", "completed", "completed"])
        self.assertGreater(seen[-1]["usage"]["output_tokens"], 0)
        _, begun = self.respond(background=True)
        self.assertEqual(self.stored("POST", begun["id"] + "/cancel")[1]["status"], "cancelled")
        self.assertEqual(self.stored("GET", begun["id"])[1]["status"], "cancelled")


    def post(self, path, body, headers=None):
        status, _, answer = self.provider.call("POST", path, body, headers)
        return status, json.loads(answer)

    def test_completions_of_the_older_kind(self):
        status, whole = self.post("/v1/completions", {"model": "m", "prompt": "hello there"})
        self.assertEqual((status, whole["object"]), (200, "text_completion"))
        _, _, body = self.provider.call("POST", "/v1/completions", {
            "model": "m", "prompt": ["hello there"], "stream": True, "stream_options": {"include_usage": True}})
        events = [data for _, data in sse(body)]
        self.assertEqual(events.pop(), "[DONE]")
        self.assertEqual(events[-1]["usage"], whole["usage"])
        self.assertEqual("".join(event["choices"][0]["text"] for event in events[:-1]), whole["choices"][0]["text"])
        self.assertEqual(self.last()["endpoint"], "completions")

    def test_azure_names_the_deployment_in_the_path(self):
        path = "/east/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
        status, answer = self.post(path, {"messages": [{"role": "user", "content": "x"}]}, {"api-key": "secret-2"})
        self.assertEqual((status, answer["model"]), (200, "my-gpt"))
        truth = self.last()
        self.assertEqual((truth["site"], truth["query"]), ("east", "api-version=2024-10-21"))
        self.assertEqual(truth["headers"]["api-key"], "present")

    def test_a_model_in_a_path_may_be_encoded(self):
        path, headers, body = Bedrock().request("hello", False, model="us.anthropic.claude-v1%3A0")
        self.assertEqual(self.provider.call("POST", path, body, headers)[0], 200)
        self.assertEqual(self.last()["model"], "us.anthropic.claude-v1:0")

    def test_gemini_counts_and_embeds(self):
        content = {"parts": [{"text": "hello there"}]}
        status, answer = self.post("/v1beta/models/m:countTokens", {"contents": [content]})
        self.assertEqual((status, answer["totalTokens"]), (200, tokens_of("hello there")))
        _, one = self.post("/v1beta/models/m:embedContent", {"content": content, "outputDimensionality": 8})
        _, many = self.post("/v1beta/models/m:batchEmbedContents",
                            {"requests": [{"content": content, "outputDimensionality": 8}] * 2})
        self.assertEqual([one["embedding"]] * 2, many["embeddings"])
        self.assertEqual(len(one["embedding"]["values"]), 8)
        self.assertEqual(self.last()["meters"]["input"], 2 * tokens_of("hello there"))
        path = "/v1/projects/p/locations/l/publishers/google/models/m:predict"
        _, answer = self.post(path, {"instances": [{"content": "hello there"}]})
        statistics = answer["predictions"][0]["embeddings"]["statistics"]
        self.assertEqual(statistics["token_count"], tokens_of("hello there"))
        self.assertEqual(self.post("/v1beta/models/m:embedContent", {})[0], 400)

    def test_cohere_embeds_and_ranks(self):
        _, answer = self.post("/v2/embed", {"model": "m", "texts": ["a", "bcde"], "output_dimension": 4})
        self.assertEqual([len(vector) for vector in answer["embeddings"]["float"]], [4, 4])
        self.assertEqual(answer["meta"]["billed_units"]["input_tokens"], tokens_of("abcde"))
        documents = [f"document {number}" for number in range(101)]
        _, answer = self.post("/v2/rerank", {"model": "m", "query": "q", "documents": documents, "top_n": 5})
        scores = [result["relevance_score"] for result in answer["results"]]
        self.assertEqual((len(scores), scores), (5, sorted(scores, reverse=True)))
        self.assertEqual(len({result["index"] for result in answer["results"]}), 5)
        self.assertEqual(answer["meta"]["billed_units"]["search_units"], 2)
        self.assertEqual(self.last()["meters"]["searches"], 2)
        self.assertEqual(self.post("/v2/rerank", {"model": "m", "query": "q"})[0], 400)

    def test_moderations(self):
        _, answer = self.post("/v1/moderations", {"input": ["fine", "[[flagged]]"]})
        self.assertEqual(answer["model"], "omni-moderation-latest")
        self.assertEqual([result["flagged"] for result in answer["results"]], [False, True])
        self.assertEqual(len(answer["results"][0]["categories"]), 13)
        self.assertEqual(self.post("/v1/moderations", {"model": "m"})[0], 400)
        self.assertEqual(self.last()["endpoint"], "moderations")

    def send_parts(self, path, fields, **headers):
        body = b"".join(b'--edge\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
            name.encode(), b'; filename="f"' if isinstance(value, bytes) else b"",
            value if isinstance(value, bytes) else value.encode()) for name, value in fields) + b"--edge--\r\n"
        connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
        try:
            connection.request("POST", path, body, {"content-type": "multipart/form-data; boundary=edge", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def test_images(self):
        _, answer = self.post("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a dot", "n": 2})
        self.assertEqual(len(answer["data"]), 2)
        self.assertEqual(base64.b64decode(answer["data"][0]["b64_json"])[:4], b"\x89PNG")
        self.assertEqual(answer["usage"]["output_tokens"], 544)
        self.assertEqual(self.last()["meters"]["images"], 2)
        _, answer = self.post("/v1/images/generations",
                              {"model": "dall-e-3", "prompt": "a dot", "response_format": "url"})
        self.assertTrue(answer["data"][0]["url"].startswith("https://"))
        self.assertNotIn("usage", answer)
        status, body = self.send_parts("/v1/images/edits", [
            ("model", "gpt-image-1"), ("prompt", "another"), ("image[]", b"\x89PNG1"), ("image[]", b"\x89PNG2")])
        self.assertEqual((status, json.loads(body)["usage"]["input_tokens_details"]["image_tokens"]), (200, 388))
        self.assertEqual(self.last()["model"], "gpt-image-1")
        self.assertEqual(self.send_parts("/v1/images/edits", [("model", "m"), ("prompt", "x")])[0], 400)

    def test_speech_is_sound_in_chunks(self):
        body = {"model": "tts-1", "voice": "alloy", "input": "größe", "response_format": "wav"}
        status, headers, sound = self.provider.call("POST", "/v1/audio/speech", body)
        self.assertEqual((status, headers["content-type"], headers["transfer-encoding"]),
                         (200, "audio/wav", "chunked"))
        self.assertGreater(len(sound), 1000)
        truth = self.last()
        self.assertEqual((truth["meters"]["characters"], truth["meters"]["output"]), (5, 0))
        self.assertTrue(truth["usage_told"])
        _, headers, events = self.provider.call("POST", "/v1/audio/speech", {**body, "stream_format": "sse"})
        pieces = [data for _, data in sse(events)]
        self.assertEqual(b"".join(base64.b64decode(one["audio"]) for one in pieces[:-1]), sound)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.provider.call("POST", "/v1/audio/speech", body, {"x-fake-fault": "cut"})
        self.assertEqual(self.provider.call("POST", "/v1/audio/speech", body, {"x-fake-fault": "503"})[0], 503)

    def test_transcriptions(self):
        wav = b"RIFF" + struct.pack("<I", 0) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
        wav += b"data" + struct.pack("<I", 40000) + bytes(40000)
        rows = [("json", 3), ("verbose_json", 3), ("text", None), ("srt", None), ("vtt", None)]
        for form, seconds in rows:
            with self.subTest(form=form):
                status, body = self.send_parts("/v1/audio/transcriptions", [
                    ("model", "whisper-1"), ("file", wav), ("response_format", form)])
                self.assertEqual(status, 200)
                self.assertEqual(self.last()["meters"]["milliseconds"], 2500)
                if seconds:
                    self.assertEqual(json.loads(body)["usage"], {"type": "duration", "seconds": seconds})
                else:
                    self.assertIn(b"invented", body)
                    self.assertEqual(b"00:02" in body, form != "text")
        _, body = self.send_parts("/v1/audio/translations", [("model", "m"), ("file", bytes(16000)),
                                                             ("response_format", "verbose_json")])
        self.assertEqual((json.loads(body)["task"], json.loads(body)["duration"]), ("translate", 1.0))
        self.assertEqual(self.send_parts("/v1/audio/transcriptions", [("model", "m")])[0], 400)
        self.assertEqual(self.send_parts("/v1/audio/transcriptions", [("file", wav)])[0], 400)


def base64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Callers(unittest.TestCase):
    """Who may call: tokens that were issued here, and signatures."""

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider("--require-token", "--aws-key", "AKIDTEST:secret/with+signs")

    @classmethod
    def tearDownClass(cls):
        cls.provider.stop()

    def token(self, fields, fault=None):
        connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
        try:
            connection.request("POST", "/token", urllib.parse.urlencode(fields),
                               {"content-type": "application/x-www-form-urlencoded", "x-fake-fault": fault or "none"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    SECRET = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s", "scope": "x/.default"}

    def call(self, dialect, headers, query=""):
        path, more, body = dialect.request("hello", False)
        return self.provider.call("POST", path + query, body, {**more, **headers})

    def test_calls_need_a_token_that_has_not_expired(self):
        status, _, body = self.call(Gemini(), {})
        self.assertEqual((status, json.loads(body)["error"]["status"]), (401, "UNAUTHENTICATED"))
        status, got = self.token(self.SECRET)
        self.assertEqual((status, got["token_type"], got["expires_in"]), (200, "Bearer", 3600))
        bearer = {"authorization": "Bearer " + got["access_token"]}
        self.assertEqual(self.call(Gemini(), bearer)[0], 200)
        self.assertEqual(self.call(OpenAI(), bearer)[0], 200)
        self.assertEqual(self.call(Gemini(), {"authorization": "Bearer other"})[0], 401)
        _, got = self.token(self.SECRET, "expires_s=0")
        self.assertEqual(got["expires_in"], 0)
        self.assertEqual(self.call(Gemini(), {"authorization": "Bearer " + got["access_token"]})[0], 401)

    def test_the_token_endpoint_refuses(self):
        now = int(time.time())
        claims = {"iss": "a@p.iam", "scope": "s", "aud": "https://oauth2.test/token", "iat": now, "exp": now + 3600}
        rows = [({}, 200), ({"exp": now - 10}, 400), ({"exp": now + 4000}, 400), ({"iat": now + 1000}, 400),
                ({"aud": ""}, 400), ({"scope": None}, 400)]
        for change, wanted in rows:
            with self.subTest(change=change):
                jwt = ".".join((base64url({"alg": "RS256", "typ": "JWT"}), base64url({**claims, **change}),
                                base64url(b"signature")))
                status, got = self.token({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                          "assertion": jwt})
                self.assertEqual((status, got.get("error")), (wanted, None if wanted == 200 else "invalid_grant"))
        self.assertEqual(self.token({**self.SECRET, "client_secret": ""})[1]["error"], "invalid_client")
        self.assertEqual(self.token({"grant_type": "password"})[1]["error"], "unsupported_grant_type")
        self.assertEqual(self.token(self.SECRET, "503")[0], 503)
        self.assertNotIn("expires_in", self.token(self.SECRET, "no-usage")[1])
        self.provider.call("POST", "/control", {"model": "token", "fault": "429"})
        self.assertEqual([self.token(self.SECRET)[0] for _ in range(2)], [429, 200])

    def test_jwts_are_held_against_the_public_key(self):
        with tempfile.TemporaryDirectory() as folder:
            run = lambda *words, **more: subprocess.run(["openssl", *words], cwd=folder, check=True,
                                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
            run("genrsa", "-out", "key", "1024")
            run("rsa", "-in", "key", "-pubout", "-out", "public")
            now = int(time.time())
            text = base64url({"alg": "RS256"}) + "." + base64url(
                {"iss": "a", "scope": "s", "aud": "u", "iat": now, "exp": now + 60})
            right = run("dgst", "-sha256", "-sign", "key", input=text.encode()).stdout
            provider, self.provider = self.provider, Provider("--token-key", folder + "/public")
            try:
                for signature, status in ((right, 200), (right[::-1], 400), (b"x", 400)):
                    self.assertEqual(self.token({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                                 "assertion": text + "." + base64url(signature)})[0], status)
            finally:
                self.provider.stop()
                self.provider = provider

    def signed(self, path, body, key="AKIDTEST", secret="secret/with+signs", when=None, **more):
        """Headers of a request, signed as the documentation says."""
        when = time.gmtime(time.time() if when is None else when)
        date, day = time.strftime("%Y%m%dT%H%M%SZ", when), time.strftime("%Y%m%d", when)
        headers = {"host": f"{self.provider.host}:{self.provider.port}", "x-amz-date": date,
                   "content-type": "application/json", **more}
        names = ";".join(sorted(headers))
        canonical = "\n".join(["POST", urllib.parse.quote(path, safe="/~"), "",
                               *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                               hashlib.sha256(body).hexdigest()])
        scope = f"{day}/us-east-1/bedrock/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        sign = ("AWS4" + secret).encode()
        for part in (day, "us-east-1", "bedrock", "aws4_request", text):
            sign = hmac.new(sign, part.encode(), "sha256").digest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
                                    f"Signature={sign.hex()}")
        return headers

    def test_bedrock_needs_a_right_signature(self):
        path, _, body = Bedrock().request("hello", True, model="us.claude-v1%3A0")
        body = json.dumps(body).encode()
        good = self.signed(path, body)
        rows = [(good, body, None),
                (self.signed(path, body, key="AKIDOTHER"), body, "security token"),
                (self.signed(path, body, secret="other"), body, "does not match"),
                (self.signed(path + "x", body), body, "does not match"),
                (good, body + b" ", "does not match"),
                ({**good, "content-type": "text/plain"}, body, "does not match"),
                (self.signed(path, body, when=time.time() - 3600), body, "expired"),
                ({}, body, "Missing")]
        for headers, sent, message in rows:
            with self.subTest(message=message):
                connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
                connection.request("POST", path, sent, headers)
                answer = connection.getresponse()
                text = answer.read().decode(errors="replace")
                connection.close()
                self.assertEqual(answer.status, 403 if message else 200)
                if message:
                    self.assertIn(message, text)
                    self.assertTrue(answer.headers["x-amzn-errortype"].startswith("AccessDeniedException"))

    def test_a_rule_asks_one_site_for_a_token(self):
        provider, self.provider = self.provider, Provider()
        try:
            self.provider.call("POST", "/control", {"site": "vertex", "fault": "needs-token", "count": -1})
            self.provider.call("POST", "/control", {"site": "aws", "fault": "needs-signature", "count": -1})
            path, headers, body = Gemini().request("hello", False)
            token = {"authorization": "Bearer " + self.token(self.SECRET)[1]["access_token"]}
            for site, more, status in (("", {}, 200), ("/vertex", {}, 401), ("/vertex", token, 200), ("/aws", {}, 403)):
                self.assertEqual(self.provider.call("POST", site + path, body, {**headers, **more})[0], status, site)
            path, _, body = Bedrock().request("hello", False)
            text = json.dumps(body).encode()
            headers = self.signed("/aws" + path, text, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            self.assertEqual(self.provider.call("POST", "/aws" + path, body, headers)[0], 200)
        finally:
            self.provider.stop()
            self.provider = provider


class Files(unittest.TestCase):
    def test_the_file_gets_every_line(self):
        with tempfile.NamedTemporaryFile() as file:
            provider = Provider("--truth", file.name, "--truth-entries", "1")
            for _ in range(3):
                provider.chat()
            provider.stop()
            self.assertEqual([json.loads(line)["seq"] for line in file], [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
