"""tollgatectl and a server that misbehaves: busy, lost, hostile, away, or none at all."""

import json

import pytest

from support.behind import Behind
from support.ctl import HOSTILE, Ctl
from support.process import free_port


@pytest.fixture
def behind():
    behind = Behind()
    yield behind
    behind.stop()


@pytest.fixture
def lonely(behind, tmp_path):
    """Calls the server that the test scripts, with a token."""
    ctl = Ctl(tmp_path, url=behind.url)
    ctl.env["TOLLGATE_TOKEN_FILE"] = str(ctl.file("token", "opr-tg1_x\n"))
    return ctl


def answer(status, body, content_type="application/json", **headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


EMPTY = answer("200 OK", b'{"data":[],"next_cursor":null}')
BUSY = answer("503 Service Unavailable", b'{"detail":"It is busy.","request_id":"gen_1"}', "application/problem+json",
              Retry_After="0")


def test_too_busy_is_asked_again_with_the_same_key(behind, lonely):
    answers = [BUSY, BUSY, answer("201 Created", b'{"id":"ten_1","name":"x"}')]
    behind.answer = lambda seen, send: send(answers.pop(0))
    lonely("tenants create x")
    keys = [seen.header("idempotency-key") for seen in behind.seen]
    assert len(keys) == 3 and len(set(keys)) == 1 and len(keys[0]) >= 20
    behind.seen.clear()
    answers = [answer("201 Created", b'{"id":"ten_1","name":"x"}')]
    lonely("tenants create x")
    assert behind.seen[0].header("idempotency-key") not in keys


def test_too_busy_for_too_long(behind, lonely):
    behind.answer = lambda seen, send: send(BUSY)
    assert lonely.refused("tenants list") == "It is busy (request gen_1)"
    assert len(behind.seen) == 4
    behind.answer = lambda seen, send: send(BUSY.replace(b"Retry-After: 0", b"Retry-After: 900"))
    assert "900 s" in lonely.refused("tenants list")


def test_a_lost_answer_is_asked_for_again(behind, lonely):
    answers = [lambda send: False, lambda send: send(EMPTY)]
    behind.answer = lambda seen, send: answers.pop(0)(send)
    lonely("tenants list")
    assert len(behind.seen) == 2


def test_a_change_is_made_on_the_version_that_was_read(behind, lonely):
    answers = [answer("200 OK", b'{"id":"p","status":"active","etag":"7"}'),
               answer("412 Precondition Failed", b'{"detail":"It has changed.","request_id":"gen_2"}', "application/problem+json")]
    behind.answer = lambda seen, send: send(answers.pop(0))
    said = lonely.refused("providers drain p")
    assert "somebody changed it meanwhile" in said and "gen_2" in said
    assert [seen.line.split()[0] for seen in behind.seen] == ["GET", "PATCH"]
    assert behind.seen[1].header("if-match") == '"7"' and json.loads(behind.seen[1].body) == {"status": "disabled"}


@pytest.mark.parametrize("what, bytes_", [
    ("a page of a proxy", answer("502 Bad Gateway", b"<h1>no</h1>", "text/html")),
    ("a page that pretends", answer("200 OK", b"<h1>yes</h1>", "text/html")),
    ("half of JSON", answer("200 OK", b'{"data":[')),
    ("no problem", answer("400 Bad Request", b'{"error":1}')),
    ("problem of no kind", answer("500 Oh", b"null", "application/problem+json")),
    ("CSV that nobody wanted", answer("200 OK", b"id\r\n", "text/csv")),
    ("a redirect", answer("302 Found", b"", "text/html", Location="http://127.0.0.1:1/")),
])
def test_an_answer_that_is_none(behind, lonely, what, bytes_):
    behind.answer = lambda seen, send: send(bytes_)
    assert behind.url in lonely.refused("tenants list", code=3), what


@pytest.mark.parametrize("command", ["tenants list", "tenants list --all", "tenants list --all --json", "status", "usage", "audit verify",
                                     "requests show x --tenant ten_01jd0000000000000000000001", "providers drain p",
                                     "catalog import - --dry-run", "prices set d --input 1 --from tomorrow", "whoami",
                                     "keys list --tenant nobody", "catalog model x"])
@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"data":{},"next_cursor":7}', b'{"data":[1,null,[]],"next_cursor":null}', None])
def test_answers_of_another_shape_break_nothing(behind, lonely, command, body):
    behind.answer = lambda seen, send: send(answer("200 OK", body) if body else b"HTTP/1.1 204 Done\r\n\r\n")
    done = lonely.run(command, stdin="{}")
    assert done.code in (0, 1, 2, 3), done


def test_hostile_errors_are_shown_as_text(behind, lonely):
    body = json.dumps({"detail": "\x1b]0;x\x07\u202e", "request_id": "gen_\x9b"}).encode()
    behind.answer = lambda seen, send: send(answer("403 Forbidden", body, "application/problem+json"))
    said = lonely.refused("tenants list")
    assert said == "\\u001b]0;x\\u0007\\u202e (request gen_\\u009b)"


@pytest.mark.parametrize("form", ["", "--wide", "--json", "--all --json", "--csv"])
def test_hostile_answers_are_shown_as_text(behind, lonely, form):
    row = {"id": "ten_1\x1b[2J", "name": "\x1b]0;x\x07\x9b31m\u202e\n", "status": "active\x7f"}
    body = json.dumps({"data": [row], "next_cursor": None}, ensure_ascii=form == "").encode()
    csv = "id,name\r\nten_1,\x1b[2J\x9b\u202e\r\n".encode()
    behind.answer = lambda seen, send: send(answer("200 OK", csv, "text/csv") if "format=csv" in seen.line
                                            else answer("200 OK", body))
    shown = lonely.typed("tenants list", form, env={"NO_COLOR": "1"})
    assert shown.code == 0 and "ten_1" in shown.out and not HOSTILE.search(shown.out), shown


def test_nobody_there(lonely):
    url = f"http://127.0.0.1:{free_port()}"
    said = lonely.refused("tenants list --url", url, code=3)
    assert url in said and "--url" in said and "TOLLGATE_URL" in said


def test_no_proxy_stands_between_this_machine_and_itself(behind, lonely):
    behind.answer = lambda seen, send: send(EMPTY)
    proxy = f"http://127.0.0.1:{free_port()}"
    lonely("tenants list", env={"http_proxy": proxy, "HTTP_PROXY": proxy, "ALL_PROXY": proxy, "all_proxy": proxy})


def test_secrets_are_not_sent_in_the_open(lonely):
    said = lonely.refused("tenants list --url http://tollgate.example.com", code=2)
    assert "https" in said and "--allow-http" in said


def test_without_anything_it_says_how_to_begin(tmp_path):
    ctl = Ctl(tmp_path)
    assert "tollgatectl login" in ctl.refused("keys list", code=4)
    assert "--url" in ctl.refused("login a@b.cd", code=2)
    ctl.session.parent.mkdir()
    ctl.session.write_text("{}")
    ctl.session.chmod(0o644)
    assert "chmod 600" in ctl.refused("keys list", code=2)
