"""The edge as raw bytes see it: what is ambiguous is refused, closed, and never reaches a provider."""

import json
import re
import signal
import socket
import ssl
import subprocess
import threading

import httpx
import pytest

from support.process import wait_until

BODY = b'{"model":"openai/gpt-4.1","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\n"
HOST = b"Host: gateway\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

AMBIGUOUS = {
    "length and chunked": POST + HOST + LENGTH + CHUNKED + b"{key}\r\n" + CHUNKS,
    "chunked and length": POST + HOST + CHUNKED + LENGTH + b"{key}\r\n" + CHUNKS,
    "two lengths": POST + HOST + LENGTH + b"Content-Length: 3\r\n{key}\r\n" + BODY,
    "the same length twice": POST + HOST + LENGTH + LENGTH + b"{key}\r\n" + BODY,
    "chunk size 0x3": POST + HOST + CHUNKED + b"{key}\r\n0x" + CHUNKS,
    "bare line feeds": (POST + HOST + LENGTH + b"{key}\r\n").replace(b"\r\n", b"\n") + BODY,
    "two hosts": POST + HOST + HOST + LENGTH + b"{key}\r\n" + BODY,
    "no host": POST + LENGTH + b"{key}\r\n" + BODY,
    "authorization twice": POST + HOST + LENGTH + b"{key}{key}\r\n" + BODY,
    "a folded header": POST + HOST + LENGTH + b"X-A: b\r\n c\r\n{key}\r\n" + BODY,
    "NUL in a header": POST + HOST + LENGTH + b"X-A: b\0c\r\n{key}\r\n" + BODY,
    "CR in a header": POST + HOST + LENGTH + b"X-A: b\rc\r\n{key}\r\n" + BODY,
    "a blank before the colon": POST + HOST + b"Content-Length : %d\r\n{key}\r\n" % len(BODY) + BODY,
    "gzip, chunked": POST + HOST + b"Transfer-Encoding: gzip, chunked\r\n{key}\r\n" + CHUNKS,
    "an absolute target": b"POST http://x/v1/chat/completions HTTP/1.1\r\n" + HOST + LENGTH + b"{key}\r\n" + BODY,
    "a dot segment": b"POST /v1/x/../chat/completions HTTP/1.1\r\n" + HOST + LENGTH + b"{key}\r\n" + BODY,
    "an escaped dot segment": b"POST /v1/%2e%2e/v1/chat/completions HTTP/1.1\r\n" + HOST + LENGTH + b"{key}\r\n" + BODY,
    "dots behind an escaped slash": b"GET /v1/models/a%2f..%2f..%2fchat HTTP/1.1\r\n" + HOST + b"{key}\r\n",
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


def exchange(gateway, data, timeout=10):
    """Sends the bytes and reads to the end of the connection."""
    host, port = gateway.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout) as link:
        link.sendall(data)
        answer = b""
        while part := link.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_what_is_ambiguous_is_400_and_closed_and_nothing_is_dispatched(stack, what):
    before = len(stack.truth())
    data = AMBIGUOUS[what].replace(b"{key}", b"Authorization: Bearer %s\r\n" % stack.key.encode())
    head, _, body = exchange(stack.gateway, data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), head
    assert b"\r\nconnection: close" in head and b"\r\nx-request-id: gen_" in head
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert body.count(b"HTTP/1.1") == 0
    assert len(stack.truth()) == before


def test_a_smuggled_request_is_not_answered(stack):
    inner = b"GET /v1/models HTTP/1.1\r\n" + HOST + b"\r\n"
    data = POST + HOST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + inner
    assert exchange(stack.gateway, data).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("path,words", [
    ("/v1/messages/nothing", lambda body: body["type"] == "error" and body["error"]["type"] == "not_found_error"),
    ("/v1beta/models/x:predict", lambda body: body["error"]["status"] == "NOT_FOUND"),
    ("/v1/nothing", lambda body: body["error"]["code"] == "unknown_url"),
])
def test_an_error_speaks_the_dialect_of_its_path(stack, path, words):
    answer = httpx.post(stack.url + path, content=b"{}")
    assert answer.status_code == 404 and answer.headers["x-tollgate-error"] == "not_found"
    assert words(answer.json()), answer.text


def test_a_wrong_method_names_those_allowed(stack):
    answer = httpx.delete(stack.url + "/v1/chat/completions")
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"


def test_request_ids_are_ours_and_the_clients_is_echoed(stack):
    answer = stack.post("/v1/chat/completions", BODY, headers={"x-request-id": "mine-1"})
    assert answer.status_code == 200
    assert re.fullmatch("gen_[0-9a-z]{26}", answer.headers["x-request-id"])
    assert answer.headers["x-generation-id"] == answer.headers["x-request-id"]
    assert answer.headers["x-client-request-id"] == "mine-1"


def test_curls_expect_is_answered(stack):
    text = json.dumps({"model": "openai/gpt-4.1", "max_tokens": 5,
                       "messages": [{"role": "user", "content": "x" * 2_000_000}]})
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-H",
                           f"Authorization: Bearer {stack.key}", "-H", "Expect: 100-continue", "--data-binary", "@-",
                           stack.url + "/v1/chat/completions"], input=text.encode(), stdout=subprocess.PIPE, check=True)
    status, seconds = done.stdout.split()
    assert status == b"200" and float(seconds) < 0.9  # curl goes on by itself after 1 s


def test_the_models_are_those_the_key_can_call(stack):
    every = stack.client().models.list().data
    assert len(every) > 300
    one = next(model for model in every if model.id == "openai/gpt-4.1")
    assert one.object == "model" and one.owned_by == "openai"
    assert one.pricing["prompt"] == "0.000002" and one.limits["context"] > 1_000_000
    assert stack.client().models.retrieve("openai/gpt-4.1").id == "openai/gpt-4.1"
    assert httpx.get(stack.url + "/v1/models").status_code == 401
    everything = httpx.get(stack.url + "/v1/models?all=true", headers={"authorization": f"Bearer {stack.key}"})
    assert len(everything.json()["data"]) >= len(every)


def test_the_access_log_has_a_line_per_request_and_no_prompt(stack, tmp_path):
    log = tmp_path / "access.log"
    gateway = stack.add_gateway(6, access_log=log)
    good = stack.post("/v1/chat/completions", BODY, gateway=gateway)
    bad = stack.post("/v1/chat/completions", BODY, gateway=gateway, key="sk-nonsense")
    none = stack.post("/v1/nothing", BODY, gateway=gateway)

    def lines():
        found = [json.loads(line) for line in log.read_text().splitlines()]
        return found if len(found) >= 3 else None

    found = {line["request"]: line for line in wait_until(lines, "three lines are written")}
    line = found[good.headers["x-request-id"]]
    assert line["status"] == 200 and line["tenant"] == stack.tenant and line["outcome"] == "finished"
    assert line["tokens_out"] == 5 and line["charge"] > 0 and line["overhead_us"] > 0
    assert found[bad.headers["x-request-id"]]["error"] == "authentication"
    assert found[none.headers["x-request-id"]]["status"] == 404
    assert '"hi"' not in log.read_text() and "sk-" not in log.read_text()


def test_ops_show_metrics_and_status(stack):
    ops = stack.gateway.ops
    status = httpx.get(ops + "/status").json()
    assert status["ready"] and status["snapshot"]["models"] > 300
    text = httpx.get(ops + "/metrics").text
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    for name in ("tollgate_requests_total", "tollgate_overhead_seconds_bucket", "tollgate_first_token_seconds_count",
                 "tollgate_journal_depth_bytes", "tollgate_leases", "tollgate_snapshot_age_seconds"):
        assert name in names
    seen = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len({line.rsplit(" ", 1)[0] for line in seen}) == len(seen)  # no series twice
    assert httpx.get(stack.url + "/metrics").status_code == 404


@pytest.fixture
def certificate(tmp_path):
    def make(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "1", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"],
                       check=True, stderr=subprocess.DEVNULL)
        return tmp_path
    return make


def peer_name(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain) as link:
            return ssl.DER_cert_to_PEM_cert(link.getpeercert(True))


def test_tls_takes_a_new_certificate_and_refuses_a_bad_one(stack, certificate):
    folder = certificate("one")
    gateway = stack.add_gateway(7, tls_listen="127.0.0.1:0", tls_certificate=folder / "certificate",
                                tls_key=folder / "key")
    port = int(re.search(r"tls-listen=(\d+)", gateway.ports.read_text())[1])
    url = f"https://127.0.0.1:{port}"
    context = ssl.create_default_context(cafile=folder / "certificate")
    with httpx.Client(verify=context) as client:
        answer = client.post(url + "/v1/chat/completions", content=BODY,
                             headers={"authorization": f"Bearer {stack.key}"})
        assert answer.status_code == 200 and answer.http_version == "HTTP/1.1"
        first = peer_name(port)
        certificate("two")
        gateway.program.signal(signal.SIGHUP)
        wait_until(lambda: peer_name(port) != first, "the new certificate is served")
        second = peer_name(port)
        (folder / "certificate").write_text("nonsense")
        gateway.program.signal(signal.SIGHUP)
        wait_until(lambda: "tls.reload_refused" in gateway.program.log.read_text(), "the bad one is refused")
        assert peer_name(port) == second
        assert client.get(url + "/healthz").status_code == 200  # the old connection


def test_a_stop_lets_open_streams_end(stack):
    gateway = stack.add_gateway(8)
    texts = []

    def stream():
        with httpx.stream("POST", gateway.url + "/v1/chat/completions", timeout=60, content=json.dumps({
                "model": "openai/gpt-4.1", "stream": True, "max_tokens": 200,
                "user": "fake:pace_us=20000;tokens=100", "messages": [{"role": "user", "content": "hi"}]}),
                headers={"authorization": f"Bearer {stack.key}"}) as answer:
            texts.append("".join(answer.iter_text()))

    streams = [threading.Thread(target=stream) for _ in range(8)]
    for one in streams:
        one.start()
    wait_until(lambda: gateway.metrics()["tollgate_requests_open"] == 8, "all streams run")
    gateway.program.signal(signal.SIGTERM)
    for one in streams:
        one.join(60)
    assert len(texts) == 8 and all(text.endswith("data: [DONE]\n\n") for text in texts)
    assert gateway.program.child.wait(20) == 0


def test_a_restart_beside_the_old_one_fails_no_request(stack):
    old = stack.add_gateway(9, share_port="on")
    statuses, done = [], threading.Event()

    def call():
        with httpx.Client(base_url=old.url, headers={"authorization": f"Bearer {stack.key}"}) as client:
            while not done.is_set():
                statuses.append(client.post("/v1/chat/completions", content=BODY).status_code)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for one in callers:
        one.start()
    wait_until(lambda: len(statuses) > 50, "requests are served")
    new = stack.add_gateway(10, share_port="on", listen=old.url.removeprefix("http://"))
    old.program.signal(signal.SIGTERM)
    assert old.program.child.wait(20) == 0
    before = len(statuses)
    wait_until(lambda: len(statuses) > before + 50, "the new one serves them")
    done.set()
    for one in callers:
        one.join(30)
    assert set(statuses) == {200}
    assert new.metrics()['tollgate_requests_total{endpoint="chat.completions",status="200"}'] > 0
