"""Black-box test of tollgate-fake-provider in OpenAI's dialect, with nothing but the standard library.

Run as: test-fake-provider.py PATH_TO_THE_PROGRAM
"""
import base64
import http.client
import json
import select
import socket
import struct
import tempfile
import unittest

from running import DEADLINE_S, OnOneProvider, Provider, tokens_of


def text_of(events, member="content"):
    deltas = [choice["delta"] for line in events if line != "[DONE]"
              for choice in json.loads(line)["choices"]]
    return "".join(delta.get(member) or "" for delta in deltas)


class FakeProvider(OnOneProvider):
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

    def test_a_fault_can_strike_by_chance(self):
        """Three in ten of 400: five standard deviations on either side."""
        self.provider.call("POST", "/control", {"fault": "500;percent=30", "count": -1})
        struck = sum(self.provider.chat(max_tokens=1)[0] == 500 for _ in range(400))
        self.assertLess(abs(struck - 120), 46)
        self.assertEqual({line["fault"] for line in self.provider.truth()[0]}, {"none", "500"})

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
