"""Black-box test of what every chat dialect of tollgate-fake-provider has in common, and of what it has not.

Run as: test-dialects.py PATH_TO_THE_PROGRAM
"""
import http.client
import json
import unittest

from dialects import DIALECTS, Anthropic, Bedrock, Cohere, Gemini, OpenAI, sse
from running import DEADLINE_S, OnOneProvider, tokens_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}}}


class Dialects(OnOneProvider):
    """The same of every dialect: one core, told in different words."""

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


if __name__ == "__main__":
    unittest.main()
