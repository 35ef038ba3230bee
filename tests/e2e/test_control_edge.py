"""What the gateway serves around the API: the reverse path to the control plane, and the console's files."""

import gzip
import json
import signal
import socket
import ssl
import subprocess
import threading

import httpx
import pytest

from support.behind import Behind
from support.control import Browser, problem
from support.process import wait_until
from support.raw import exchange, head_of

PAGE = b"<!doctype html><title>console</title>\n"
SCRIPT = b"console.log('x');\n" * 100000  # more than is held for a slow client
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
          "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")


@pytest.fixture(scope="module")
def behind():
    behind = Behind()
    yield behind
    behind.stop()


@pytest.fixture(autouse=True)
def plain_answers(behind):
    behind.seen.clear()
    behind.left.clear()
    behind.answer = lambda seen, send: send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture(scope="module")
def console(folder):
    path = folder / "console"
    (path / "assets").mkdir(parents=True)
    (path / "index.html").write_bytes(PAGE)
    (path / "assets/index-B1x9aaaZ.js").write_bytes(SCRIPT)
    (path / "assets/index-B1x9aaaZ.js.gz").write_bytes(gzip.compress(SCRIPT))
    return path


@pytest.fixture(scope="module")
def certificate(folder):
    key, chain = folder / "edge.key", folder / "edge.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", chain], check=True, stderr=subprocess.DEVNULL)
    return key, chain


@pytest.fixture(scope="module")
def stack(make_stack, behind, console, certificate):
    key, chain = certificate
    return make_stack(settings={"control_url": behind.url, "console_dir": console, "access_log": "/dev/null",
                                "tls_listen": "127.0.0.1:0", "tls_key": key, "tls_certificate": chain})


def lines_of(*lines):
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_only_a_trusted_balancer_says_who_the_client_is(stack, behind):
    balanced = stack.add_gateway(1, trusted_proxy=["127.0.0.0/8", "10.0.0.0/8"])
    said = {"x-forwarded-for": "1.1.1.1, 203.0.113.9, 10.0.0.7", "x-forwarded-proto": "https"}
    httpx.get(balanced.url + "/control/v1/session", headers=said)
    httpx.get(stack.url + "/control/v1/session", headers=said)
    assert [(seen.header("x-forwarded-for"), seen.header("x-forwarded-proto")) for seen in behind.seen] == [
        ("203.0.113.9", "https"), ("127.0.0.1", "http")]


def test_path_query_and_body_pass_as_they_are(stack, behind):
    target = "/control/v1/tenants/a%2Fb/;x=1?q=%7E+~&q=&x=%zz?"
    answer, _ = exchange(stack.url, lines_of(f"PATCH {target} HTTP/1.1", "Host: edge", "Content-Length: 9",
                                             "Content-Type: application/json", "Connection: close") + b'{"a": 1}\n')
    assert head_of(answer)[0] == 200
    assert behind.seen[0].line == f"PATCH {target} HTTP/1.1"
    assert behind.seen[0].body == b'{"a": 1}\n'


def test_the_client_says_nothing_of_who_it_is(stack, behind):
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil", "Forwarded": "for=6",
            "X-Request-Id": "mine", "X-Tollgate-Tenant": "other", "X-Real-Ip": "6.6.6.6", "TE": "trailers",
            "Proxy-Authorization": "Basic x", "Accept-Encoding": "gzip", "X-Anything": "1", "Referer": "http://x",
            "Authorization": "Bearer t", "Cookie": "tollgate_session=s", "If-Match": '"e"', "If-None-Match": '"n"',
            "Idempotency-Key": "k", "X-Csrf-Token": "c", "User-Agent": "ua", "Origin": "http://o", "Accept": "text/csv"}
    answer = httpx.get(stack.url + "/control/v1/session", headers=lies)
    seen = behind.seen[0]
    assert sorted(seen.names) == sorted([
        "host", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "authorization", "cookie", "if-match",
        "if-none-match", "idempotency-key", "x-csrf-token", "user-agent", "origin", "accept"])
    assert seen.header("x-forwarded-for") == "127.0.0.1"
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("x-request-id") == answer.headers["x-request-id"]
    assert seen.header("x-request-id").startswith("gen_")
    assert seen.header("cookie") == "tollgate_session=s" and seen.header("accept") == "text/csv"


def test_over_tls_the_control_plane_is_told_so(stack, behind, certificate):
    tls = ssl.create_default_context(cafile=certificate[1])
    port = dict(line.split("=") for line in stack.gateway.ports.read_text().split())["tls-listen"]
    answer = httpx.get(f"https://127.0.0.1:{port}/control/v1/session", verify=tls)
    assert behind.seen[0].header("x-forwarded-proto") == "https"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    page = httpx.get(f"https://127.0.0.1:{port}/console/", verify=tls)
    assert page.headers["strict-transport-security"].startswith("max-age=")


def test_of_the_answer_a_list_of_headers_passes(stack, behind):
    behind.answer = lambda seen, send: send(lines_of(
        "HTTP/1.1 201 Created", "Set-Cookie: a=1; Path=/control/v1; HttpOnly", "Set-Cookie: b=2", 'ETag: "e"',
        "Location: /control/v1/x", "Retry-After: 7", "Content-Disposition: attachment", "Cache-Control: private",
        "Allow: GET", "Link: <x>", "X-Csrf-Token: t", "Idempotent-Replayed: true", "WWW-Authenticate: Bearer",
        "Content-Type: application/json", "X-Request-Id: gen_other", "Server: control", "X-Internal: 1",
        "Access-Control-Allow-Origin: *", "Content-Length: 2") + b"{}")
    answer = httpx.post(stack.url + "/control/v1/keys", content=b"{}")
    assert answer.status_code == 201 and answer.content == b"{}"
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/control/v1; HttpOnly", "b=2"]
    for name in ("etag", "location", "retry-after", "content-disposition", "allow", "link", "x-csrf-token",
                 "idempotent-replayed", "www-authenticate", "content-type"):
        assert name in answer.headers, name
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["x-request-id"] == behind.seen[0].header("x-request-id")
    assert not {"server", "x-internal", "access-control-allow-origin"} & set(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_not_modified_and_no_content_have_no_body(stack, behind):
    behind.answer = lambda seen, send: send(lines_of("HTTP/1.1 304 Not Modified", 'ETag: "e"'))
    with httpx.Client(base_url=stack.url) as client:
        assert client.get("/control/v1/x", headers={"if-none-match": '"e"'}).status_code == 304
        behind.answer = lambda seen, send: send(lines_of("HTTP/1.1 204 No Content"))
        answer = client.delete("/control/v1/x")
        assert answer.status_code == 204 and answer.content == b""
        assert client.get("/healthz").status_code == 200
    assert behind.seen[1].line.startswith("DELETE ")


def test_large_bodies_go_both_ways(stack, behind):
    behind.answer = lambda seen, send: send(lines_of("HTTP/1.1 200 OK", f"Content-Length: {len(seen.body)}") + seen.body)
    body = bytes(range(256)) * 65536
    answer = httpx.post(stack.url + "/control/v1/catalog/imports", content=body, timeout=60)
    assert answer.content == body


def test_an_answer_of_unknown_length_is_streamed(stack, behind):
    first, more = threading.Event(), threading.Event()

    def answer(seen, send):
        send(lines_of("HTTP/1.1 200 OK", "Content-Type: text/csv", "Transfer-Encoding: chunked") + b"5\r\nfirst\r\n")
        first.set()
        assert more.wait(10)
        return send(b"4\r\nlast\r\n0\r\n\r\n")

    behind.answer = answer
    with httpx.stream("GET", stack.url + "/control/v1/usage?format=csv") as response:
        parts = response.iter_raw()
        assert first.wait(10) and next(parts) == b"first"
        more.set()
        assert b"".join(parts) == b"last"


def test_a_slow_client_makes_the_control_plane_wait(stack, behind):
    sent = [0]

    def answer(seen, send):
        send(lines_of("HTTP/1.1 200 OK", f"Content-Length: {64 << 20}"))
        for _ in range(64):
            send(b"x" * (1 << 20))
            sent[0] += 1 << 20
        return True

    behind.answer = answer
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        peer.settimeout(30)
        peer.connect((host, int(port)))
        peer.sendall(lines_of("GET /control/v1/usage HTTP/1.1", "Host: edge", "Connection: close"))
        wait_until(lambda: sent[0] > 0, "the answer begins")
        assert peer.recv(10).startswith(b"HTTP/1.1 2")
        assert sent[0] < 48 << 20
        got = 10
        while part := peer.recv(1 << 20):
            got += len(part)
    assert got > 64 << 20


def test_a_client_that_leaves_ends_its_request(stack, behind):
    began = threading.Event()

    def answer(seen, send):
        began.set()
        while True:
            send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    behind.answer = answer
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(lines_of("GET /control/v1/usage HTTP/1.1", "Host: edge"))
        assert began.wait(10)
    behind.wait_left()


def test_an_answer_that_breaks_is_cut_and_not_made_whole(stack, behind):
    behind.answer = lambda seen, send: not send(lines_of("HTTP/1.1 200 OK", "Content-Length: 9") + b"{")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(stack.url + "/control/v1/x")
    behind.answer = lambda seen, send: not send(lines_of("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"1\r\n{\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(stack.url + "/control/v1/x")


def test_while_the_control_plane_is_away_it_is_503_and_then_back(stack, behind):
    assert httpx.get(stack.url + "/control/v1/x").status_code == 200
    behind.stop()
    for method in ("GET", "POST"):
        answer = httpx.request(method, stack.url + "/control/v1/x")
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
    assert stack.client().models.list().data
    behind.start()
    for method in ("GET", "POST"):
        assert httpx.request(method, stack.url + "/control/v1/x").status_code == 200


def test_what_is_not_served_is_a_problem_too(stack, behind):
    answer = httpx.options(stack.url + "/control/v1/x", headers={"origin": "http://evil"})
    problem(answer, 405, "method")
    assert answer.headers["allow"] == "GET, POST, DELETE, PUT, PATCH"
    assert not any(name.startswith("access-control") for name in answer.headers)
    problem(httpx.get(stack.url + "/control/v2/x"), 404, "not_found")
    problem(httpx.post(stack.url + "/control/v1/x", content=b"x" * (34 << 20)), 413, "too_large")
    head, _, body = exchange(stack.url, lines_of("GET /control/v1/../x HTTP/1.1", "Host: edge"))[0].partition(b"\r\n\r\n")
    assert b" 400 " in head and json.loads(body)["type"] == "urn:tollgate:problem:bad_request"
    assert behind.seen == []


def test_it_counts_under_endpoints_of_its_own(stack):
    def count(endpoint):
        return sum(value for name, value in stack.gateway.metrics().items()
                   if name.startswith("tollgate_requests_total") and f'endpoint="{endpoint}"' in name)

    before = count("control"), count("console"), count("chat.completions")
    httpx.get(stack.url + "/control/v1/x")
    httpx.get(stack.url + "/console/")
    wait_until(lambda: (count("control"), count("console")) == (before[0] + 1, before[1] + 1), "both are counted")
    assert count("chat.completions") == before[2]


# ---- the console's files ----

def test_the_root_leads_to_the_console(stack):
    answer = httpx.get(stack.url + "/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/console/")
    answer = httpx.get(stack.url + "/console")
    assert (answer.status_code, answer.headers["location"]) == (308, "/console/")


@pytest.mark.parametrize("path", ["/console/", "/console/keys", "/console/models/openai%2Fgpt-4.1?tab=1"])
def test_a_place_in_the_console_is_its_page(stack, path):
    answer = httpx.get(stack.url + path)
    assert answer.status_code == 200 and answer.content == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path,status", [
    ("/console/", 200), ("/console/assets/index-B1x9aaaZ.js", 200), ("/console/assets/gone-00000000.js", 404), ("/", 302),
    ("/console//x", 404)])
def test_every_answer_of_the_console_is_locked_down(stack, path, status):
    answer = httpx.get(stack.url + path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["x-request-id"].startswith("gen_")
    assert "strict-transport-security" not in answer.headers


def test_a_script_is_kept_for_good_and_comes_packed(stack):
    url = stack.url + "/console/assets/index-B1x9aaaZ.js"
    answer = httpx.get(url, headers={"accept-encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip" and answer.content == SCRIPT
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "accept-encoding"
    plain = httpx.get(url, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == SCRIPT
    assert plain.headers["etag"] != answer.headers["etag"]
    head = httpx.head(url, headers={"accept-encoding": "identity"})
    assert head.headers["content-length"] == str(len(SCRIPT)) and head.content == b""
    again = httpx.get(url, headers={"accept-encoding": "gzip", "if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == answer.headers["etag"]


def test_the_console_is_only_read(stack):
    answer = httpx.post(stack.url + "/console/")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"


def test_without_settings_nothing_is_there(stack):
    bare = stack.add_gateway(1, control_url="", console_dir="", tls_listen="")
    for path in ("/", "/console", "/console/", "/control/v1/session", "/control/v1"):
        assert httpx.get(bare.url + path).status_code == 404
    assert httpx.post(bare.url + "/console/").status_code == 404


def test_a_console_that_cannot_be_read_ends_the_start(stack, folder):
    (folder / "empty").mkdir()
    with pytest.raises(AssertionError, match="there is no index.html"):
        stack.add_gateway(2, console_dir=folder / "empty", tls_listen="")
    stack.gateways.pop()


def test_a_drain_ends_what_the_control_plane_still_answers(stack, behind):
    began = threading.Event()
    extra = stack.add_gateway(3, drain_seconds=1, tls_listen="")

    def answer(seen, send):
        began.set()
        while True:
            send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    behind.answer = answer
    host, port = extra.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(lines_of("GET /control/v1/usage HTTP/1.1", "Host: edge"))
        assert began.wait(10)
        extra.program.signal(signal.SIGTERM)
        behind.wait_left(20)
    extra.stop()


# ---- with the control plane itself ----

@pytest.fixture(scope="module")
def whole(make_stack, console):
    return make_stack(control=True, settings={"console_dir": console})


@pytest.fixture
def member(whole):
    boot = whole.boot
    return Browser(whole.plane, boot["TOLLGATE_MEMBER_EMAIL"], boot["TOLLGATE_MEMBER_PASSWORD"], url=whole.url)


def test_a_login_holds_through_the_edge_and_ends(whole, member):
    me = member.get("/session")
    assert me["email"] == whole.boot["TOLLGATE_MEMBER_EMAIL"]
    path = f"/tenants/{me['tenant']['id']}"
    shown = member.call("GET", path)
    assert shown.status_code == 200
    assert member.call("GET", path, headers={"if-none-match": shown.headers["etag"]}).status_code == 304
    assert member.call("DELETE", "/session").status_code == 204
    problem(member.call("GET", "/session"), 401, "not_signed_in")


def test_the_control_plane_comes_back_after_a_restart(whole, member):
    whole.plane.program.kill()
    problem(member.call("GET", "/session"), 503, "unavailable")
    whole.plane.program.start()
    wait_until(lambda: member.call("GET", "/session").status_code == 200, "the session is there again")
