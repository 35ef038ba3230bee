"""Bad input: a clear error in the caller's dialect, nothing dispatched, nothing billed."""

import json
import re

import httpx
import pytest

from support.ids import uuid_of
from support.process import wait_until
from support.raw import exchange, head_of, request_bytes

CHAT = "openai/gpt-4.1"
GOOD = {"model": CHAT, "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(settings={"max_body_bytes": 200_000})


def body_with(**more):
    return {**GOOD, **more}


def refused(answer, status, code=None, param=None, word=None):
    """The envelope of OpenAI, whole; our own word; the request's id."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert error["message"] and isinstance(error["message"], str)
    assert answer.headers["x-request-id"].startswith("gen_")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-tollgate-error"]
    if code:
        assert error["code"] == code, error
    if param:
        assert error["param"] == param, error
    if word:
        assert answer.headers["x-tollgate-error"] == word
    for secret in ("127.0.0.1:", "postgres", "http://"):
        assert secret not in error["message"]
    return error


MALFORMED = [
    ("nothing at all", b""),
    ("only blanks", b"  \n"),
    ("half an object", b'{"model":"openai/gpt-4.1","messages":[{"role":"user"'),
    ("something behind the object", json.dumps(GOOD).encode() + b" x"),
    ("a comma too many", b'{"model":"openai/gpt-4.1","messages":[],}'),
    ("single quotes", b"{'model':'openai/gpt-4.1'}"),
    ("a bare word", b'{"model":gpt}'),
    ("NaN", b'{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"x"}],"temperature":NaN}'),
    ("a leading zero", b'{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"x"}],"n":01}'),
    ("a raw line break in a string", b'{"model":"a\nb"}'),
    ("a broken escape", b'{"model":"\\x41"}'),
    ("an overlong character", b'{"model":"\xc0\xaf"}'),
    ("a lone continuation byte", b'{"model":"\x80"}'),
    ("Latin-1", '{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"é"}]}'.encode("latin-1")),
    ("UTF-16", json.dumps(GOOD).encode("utf-16")),
    ("a NUL", b'{"model":"a\x00b"}'),
    ("too deep", b'{"model":"openai/gpt-4.1","messages":' + b"[" * 200 + b"]" * 200 + b"}"),
    ("the value null", b"null"),
    ("an array", b"[]"),
    ("a string", b'"model"'),
    ("a member twice", b'{"model":"openai/gpt-4.1","model":"openai/gpt-4.1-mini","messages":'
                       b'[{"role":"user","content":"x"}]}'),
    ("a member twice, once escaped", b'{"model":"openai/gpt-4.1","mod\\u0065l":"openai/gpt-4.1-mini","messages":'
                                     b'[{"role":"user","content":"x"}]}'),
    ("a member twice, deep inside", b'{"model":"openai/gpt-4.1","messages":[{"role":"user","role":"system",'
                                    b'"content":"x"}]}'),
    ("an unknown member twice", b'{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"x"}],'
                                b'"x":1,"x":2}'),
]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
@pytest.mark.parametrize("what, body", MALFORMED, ids=[row[0] for row in MALFORMED])
def test_malformed_json(stack, what, body, path):
    refused(stack.post(path, body), 400, word="invalid_request")


def test_the_place_of_the_error_is_told(stack):
    error = refused(stack.post("/v1/chat/completions", b'{"model": "a", "messages": [}'), 400)
    assert "28" in error["message"], "the byte offset"
    error = refused(stack.post("/v1/chat/completions", b'{"n":1,"n":2}'), 400)
    assert "duplicate" in error["message"] and "byte 7" in error["message"]


WRONG = [
    ("no model", {"model": None}, "model"),
    ("a number as model", {"model": 7}, "model"),
    ("no messages", {"messages": None}, "messages"),
    ("messages that are text", {"messages": "hi"}, "messages"),
    ("no message", {"messages": []}, "messages"),
    ("a message that is text", {"messages": ["hi"]}, "messages"),
    ("a message without role", {"messages": [{"content": "x"}]}, "messages"),
    ("stream as text", {"stream": "true"}, "stream"),
    ("stream_options as a flag", {"stream": True, "stream_options": True}, "stream_options"),
    ("include_usage as a number", {"stream": True, "stream_options": {"include_usage": 1}},
     "stream_options.include_usage"),
    ("max_tokens 0", {"max_tokens": 0}, "max_tokens"),
    ("max_tokens negative", {"max_tokens": -5}, "max_tokens"),
    ("max_tokens in text", {"max_tokens": "12"}, "max_tokens"),
    ("max_tokens broken", {"max_tokens": 1.5}, "max_tokens"),
    ("max_tokens beyond all bounds", {"max_tokens": 10**15}, "max_tokens"),
    ("max_completion_tokens 0", {"max_completion_tokens": 0}, "max_completion_tokens"),
    ("n 0", {"n": 0}, "n"),
    ("n 1000", {"n": 1000}, "n"),
    ("tools as an object", {"tools": {}}, "tools"),
    ("a tool without a type", {"tools": [{}]}, "tools"),
    ("user as a number", {"user": 3}, "user"),
    ("metadata as text", {"metadata": "x"}, "metadata"),
    ("tags as text", {"tags": "x"}, "tags"),
    ("provider as text", {"provider": "openai"}, "provider"),
    ("provider.order as text", {"provider": {"order": "openai"}}, "provider.order"),
    ("models as text", {"models": "x"}, "models"),
]


@pytest.mark.parametrize("what, more, param", WRONG, ids=[row[0] for row in WRONG])
def test_wrong_types_and_ranges(stack, what, more, param):
    body = {name: value for name, value in body_with(**more).items() if not (what.startswith("no ") and value is None)}
    refused(stack.post("/v1/chat/completions", body), 400, param=param)


@pytest.mark.parametrize("what, more, param", [
    ("no input", {}, "input"),
    ("a number as input", {"input": 5}, "input"),
    ("an empty list", {"input": []}, "input"),
])
def test_wrong_embeddings(stack, what, more, param):
    refused(stack.post("/v1/embeddings", {"model": "openai/text-embedding-3-small", **more}), 400, param=param)


REFUSED = [
    *[(f"{name} names a host or a credential", {name: "http://example.org"}, name)
      for name in ("api_base", "base_url", "api_key", "organization", "proxy")],
    ("extra_headers", {"extra_headers": {"x": "y"}}, "extra_headers"),
    ("a dearer tier", {"service_tier": "priority"}, "service_tier"),
    ("a search that costs", {"web_search_options": {}}, "web_search_options"),
    ("a prediction", {"prediction": {"type": "content", "content": "x"}}, "prediction"),
    ("a tool at the provider", {"tools": [{"type": "web_search"}]}, "tools"),
    ("audio out", {"modalities": ["text", "audio"]}, "modalities"),
    ("no data kept", {"provider": {"zdr": True}}, "provider.zdr"),
]


@pytest.mark.parametrize("what, more, param", REFUSED, ids=[row[0] for row in REFUSED])
def test_members_that_change_price_or_host(stack, what, more, param):
    refused(stack.post("/v1/chat/completions", body_with(**more)), 400, param=param)


def test_a_body_that_is_too_large(stack):
    body = json.dumps(body_with(user="x", padding="y" * 250_000)).encode()
    refused(stack.post("/v1/chat/completions", body), 413, word="payload_too_large")
    head = request_bytes("/v1/chat/completions", stack.key, b"", content_length_2="0").decode().replace(
        "content-length: 0", "content-length: 999999999").replace("content-length-2: 0\r\n", "").encode()
    got, closed = exchange(stack.url, head)
    assert head_of(got)[0] == 413 and closed, "refused by its length alone, before it is sent"
    chunked = (f"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {stack.key}\r\n"
               "transfer-encoding: chunked\r\n\r\n").encode() + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 5
    got, closed = exchange(stack.url, chunked)
    assert head_of(got)[0] == 413 and closed


def flip(key):
    return key[:-1] + ("0" if key[-1] != "0" else "1")


@pytest.mark.parametrize("what, headers, code", [
    ("none", {}, None),
    ("garbage", {"authorization": "Bearer sk-nothing-of-ours"}, "invalid_api_key"),
    ("another scheme", {"authorization": "Basic dXNlcjpwYXNz"}, None),
    ("an empty one", {"authorization": "Bearer"}, None),
    ("of another service", {"x-api-key": "sk-ant-api03-xyz"}, "invalid_api_key"),
    ("very long", {"authorization": "Bearer " + "k" * 4000}, "invalid_api_key"),
])
def test_missing_and_garbage_keys(stack, what, headers, code):
    answer = httpx.post(stack.url + "/v1/chat/completions", json=GOOD, headers=headers)
    refused(answer, 401, code=code, word="authentication")


def test_a_mistyped_key(stack):
    refused(stack.post("/v1/chat/completions", GOOD, key=flip(stack.key)), 401, code="invalid_api_key")


def test_two_keys_that_differ(stack):
    answer = stack.post("/v1/chat/completions", GOOD, headers={"x-api-key": flip(stack.key)})
    refused(answer, 400)
    answer = stack.post("/v1/chat/completions", body_with(max_tokens=1), headers={"x-api-key": stack.key})
    assert answer.status_code == 200, "the same one twice is one"


@pytest.mark.parametrize("what, change, message", [
    ("revoked", "UPDATE tollgate.api_keys SET status = 'revoked', status_reason = 'left' WHERE key_id = %s", "revoked"),
    ("disabled", "UPDATE tollgate.api_keys SET status = 'disabled' WHERE key_id = %s", "disabled"),
    ("expired", "UPDATE tollgate.api_keys SET expires_at = now() - interval '1 s' WHERE key_id = %s", "expired"),
])
def test_keys_that_are_over(stack, what, change, message):
    key = stack.new_key("--name", what)
    stack.change(change, uuid_of(key["key_id"]))
    error = refused(stack.post("/v1/chat/completions", GOOD, key=key["key"]), 401, code="invalid_api_key",
                    word="authentication")
    assert message in error["message"]


def test_a_key_for_other_models(stack):
    key = stack.new_key("--name", "few", "--model", "openai/gpt-4.1-mini")
    refused(stack.post("/v1/chat/completions", GOOD, key=key["key"]), 403, word="permission_denied")
    assert stack.post("/v1/chat/completions", body_with(model="openai/gpt-4.1-mini", max_tokens=1),
                      key=key["key"]).status_code == 200
    listed = httpx.get(stack.url + "/v1/models", headers={"authorization": f"Bearer {key['key']}"}).json()
    assert [model["id"] for model in listed["data"]] == ["openai/gpt-4.1-mini"]


def test_a_suspended_tenant(stack):
    tenant = stack.new_tenant()
    stack.change("UPDATE tollgate.tenants SET status = 'suspended' WHERE tenant_id = %s", uuid_of(tenant["tenant"]))
    refused(stack.post("/v1/chat/completions", GOOD, key=tenant["key"]), 403, word="permission_denied")


@pytest.mark.parametrize("name, near", [
    ("openai/gpt-4.1-minni", "openai/gpt-4.1-mini"),
    ("gpt-41", "gpt-4.1"),
    ("openai/text-embeding-3-small", "text-embedding-3-small"),
])
def test_an_unknown_model_with_near_names(stack, name, near):
    path = "/v1/embeddings" if "embed" in name else "/v1/chat/completions"
    error = refused(stack.post(path, body_with(model=name, input="x")), 404, code="model_not_found", param="model")
    assert near in json.dumps(error), error


@pytest.mark.parametrize("name", ["", "a", "/", "openai/", "x" * 250, "../../etc/passwd", "openai/gpt-4.1\n",
                                  "Ω" * 60, "%2e%2e"])
def test_odd_names_of_models(stack, name):
    answer = stack.post("/v1/chat/completions", body_with(model=name))
    assert answer.status_code in (400, 404) and answer.json()["error"]["message"]


def test_a_model_that_is_not_sold(stack):
    """Listed, known, and no price: refused before dispatch, never rated 0."""
    name = stack.query("SELECT model FROM tollgate.models m WHERE m.kind = 'chat' AND NOT EXISTS (SELECT 1 FROM "
                       "tollgate.deployments d WHERE d.model = m.model AND d.status = 'published' AND EXISTS (SELECT 1 "
                       "FROM tollgate.price_versions v WHERE v.deployment_id = d.deployment_id AND book = 'list')) "
                       "ORDER BY 1 LIMIT 1")[0]["model"]
    refused(stack.post("/v1/chat/completions", body_with(model=name)), 404, code="model_not_available")


def test_a_model_of_another_kind(stack):
    answer = stack.post("/v1/chat/completions", body_with(model="openai/text-embedding-3-small"))
    assert answer.status_code in (400, 404) and answer.json()["error"]["message"]


@pytest.mark.parametrize("method, path, status, allow", [
    ("GET", "/v1/chat/completions", 405, "POST"),
    ("PUT", "/v1/chat/completions", 405, "POST"),
    ("DELETE", "/v1/models", 405, "GET"),
    ("POST", "/v1/models", 405, "GET"),
    ("GET", "/v1/nothing", 404, None),
    ("POST", "/v1/chat/completions/", 404, None),
    ("POST", "/v1/chat%2Fcompletions", 404, None),
    ("POST", "/V1/chat/completions", 404, None),
    ("POST", "/v1//chat/completions", 404, None),
    ("POST", "/chat/completions", 404, None),
    ("GET", "/", 404, None),
])
def test_methods_and_paths(stack, method, path, status, allow):
    data = request_bytes(path, stack.key, GOOD if method == "POST" else b"", method=method, connection="close")
    got, closed = exchange(stack.url, data)
    code, headers, body = head_of(got)
    assert code == status and closed
    assert json.loads(body)["error"]["message"]
    if allow:
        assert allow in headers["allow"]


def responses(data):
    return len(re.findall(rb"HTTP/1\.1 \d\d\d ", data))


def head(*lines, body=b""):
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ambiguous(key):
    """Heads that two readers could understand differently."""
    start = ("POST /v1/chat/completions HTTP/1.1", "host: g", f"authorization: Bearer {key}")
    good = json.dumps(GOOD).encode()
    length = f"content-length: {len(good)}"
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)
    return {
        "length and chunked": head(*start, length, "transfer-encoding: chunked", body=chunk),
        "chunked and length": head(*start, "transfer-encoding: chunked", length, body=chunk),
        "two lengths that differ": head(*start, length, "content-length: 3", body=good),
        "two lengths in one": head(*start, f"content-length: {len(good)}, 3", body=good),
        "a length with a sign": head(*start, f"content-length: +{len(good)}", body=good),
        "a length in hex": head(*start, f"content-length: 0x{len(good):x}", body=good),
        "a negative length": head(*start, "content-length: -1", body=good),
        "a chunk with 0x": head(*start, "transfer-encoding: chunked", body=b"0x" + chunk),
        "a chunk with a sign": head(*start, "transfer-encoding: chunked", body=b"+" + chunk),
        "a chunk without its end": head(*start, "transfer-encoding: chunked",
                                        body=b"%x\r\n%sXX0\r\n\r\n" % (len(good), good)),
        "a chunk with a bare LF": head(*start, "transfer-encoding: chunked", body=chunk.replace(b"\r\n", b"\n")),
        "another coding": head(*start, "transfer-encoding: gzip, chunked", body=chunk),
        "chunked twice": head(*start, "transfer-encoding: chunked, chunked", body=chunk),
        "chunked, cloaked": head(*start, "transfer-encoding: xchunked", body=chunk),
        "chunked, with a tab": head(*start, "transfer-encoding:\tchunked\x0b", body=chunk),
        "bare line feeds": head(*start, length, body=good).replace(b"\r\n", b"\n"),
        "one bare line feed": head(*start, length, body=good).replace(b"host: g\r\n", b"host: g\n", 1),
        "a bare carriage return": head(*start, "x: a\rb", length, body=good),
        "two hosts": head(*start, "host: h", length, body=good),
        "no host": head(start[0], start[2], length, body=good),
        "the key twice": head(*start, f"authorization: Bearer {key}", length, body=good),
        "a folded line": head(*start, "x-fold: a", " b", length, body=good),
        "a blank before the colon": head(*start, "content-length : 3", length, body=good),
        "a blank before the name": head(start[0], " host: g", start[2], length, body=good),
        "a name with a blank": head(*start, "content length: 3", length, body=good),
        "no name": head(*start, ": 3", length, body=good),
        "no colon": head(*start, "nonsense", length, body=good),
        "NUL in a value": head(*start, "x: a\0b", length, body=good),
        "NUL in the path": head("POST /v1/chat\0/completions HTTP/1.1", *start[1:], length, body=good),
        "a space in the path": head("POST /v1/chat /completions HTTP/1.1", *start[1:], length, body=good),
        "no version": head("POST /v1/chat/completions", *start[1:], length, body=good),
        "HTTP/2.0": head("POST /v1/chat/completions HTTP/2.0", *start[1:], length, body=good),
        "HTTP/1.10": head("POST /v1/chat/completions HTTP/1.10", *start[1:], length, body=good),
        "an absolute form": head("POST http://evil/v1/chat/completions HTTP/1.1", *start[1:], length, body=good),
        "dots": head("POST /v1/x/../chat/completions HTTP/1.1", *start[1:], length, body=good),
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "something that is no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    }


PATH_ONLY = {"an absolute form", "dots"}  # clear framing: 404 would do, and does


@pytest.mark.parametrize("what", list(ambiguous("")))
def test_ambiguous_heads_are_refused_and_the_connection_closed(stack, what):
    got, closed = exchange(stack.url, ambiguous(stack.key)[what], seconds=5)
    assert closed, "the connection is closed where framing is in doubt" if what not in PATH_ONLY else what
    status, headers, body = head_of(got)
    assert status in ((400, 404) if what in PATH_ONLY else (400, 501, 505)), got[:200]
    assert responses(got) == 1, "and nothing behind it was taken for a request"
    assert json.loads(body)["error"]["message"]


def test_a_smuggled_request_is_not_served(stack):
    """What stands behind a refused body is never read as a request."""
    inner = request_bytes("/v1/chat/completions", stack.key, GOOD)
    data = head("POST /v1/chat/completions HTTP/1.1", "host: g", f"authorization: Bearer {stack.key}",
                "content-length: 5", "transfer-encoding: chunked", body=b"0\r\n\r\n" + inner)
    got, closed = exchange(stack.url, data, seconds=5)
    assert closed and responses(got) == 1


def test_a_body_that_never_comes_is_no_request(stack):
    data = request_bytes("/v1/chat/completions", stack.key, GOOD)
    got, _ = exchange(stack.url, data[:-10], seconds=5, shut=True)
    assert b" 200 " not in got[:20]


def test_requests_in_one_packet_are_answered_in_order(stack):
    """Pipelining is clear framing: both are served."""
    one = request_bytes("/v1/chat/completions", stack.key, body_with(max_tokens=1))
    two = request_bytes("/v1/models/nothing", stack.key, b"", method="GET", connection="close")
    got, closed = exchange(stack.url, one + two)
    assert closed and got.startswith(b"HTTP/1.1 200") and responses(got) == 2


def test_nothing_of_it_was_dispatched_or_billed(stack):
    """Runs last: what reached the provider is what was answered with 200, and so is what was billed."""
    served = stack.gateway.metrics().get('tollgate_requests_total{endpoint="chat.completions",status="200"}', 0)
    calls = wait_until(lambda: stack.truth(), "the truth log")
    assert served == len(calls) > 0
    assert all(call["status"] == 200 for call in calls)
    stack.wait_posted(len(calls))
    events = stack.events()
    assert len(events) == len(calls)
    assert stack.query("SELECT count(*) AS n FROM tollgate.dead_letters")[0]["n"] == 0
