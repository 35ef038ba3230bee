"""What every call of the control plane goes through, whatever it is about: paths, bodies, fields, pages, conditions, repeats."""

import concurrent.futures
import json
import re
import socket

import httpx
import pytest

from support.control import PREFIX, problem
from support.process import BIN, free_port, wait_until
from support.stack import run


@pytest.fixture(scope="module")
def ops():
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def plane(stack, ops):
    return stack.serve_control(waiting_calls=20, ops_listen=ops)


@pytest.fixture(scope="module")
def operator(plane):
    return plane.operator()


def raw(plane, *lines, body=b""):
    """The bytes of one call, as no client would write them; the status and the JSON of the answer."""
    host, port = plane.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall("\r\n".join([*lines, "host: x", "connection: close", "", ""]).encode() + body)
        answer = b""
        while part := link.recv(65536):
            answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(rest) if rest else None


# ---- paths and methods ----

@pytest.mark.parametrize("path", ["/nothing", "/tenants/", "/tenants//keys", "//tenants", "/Tenants", "/tenants/x/keys/y/z/w",
                                  "/tenants/ten_1", "/tenants/key_01jd0000000000000000000001"])
def test_an_unknown_path_is_404_for_the_operator(operator, path):
    problem(operator.call("GET", path), 404, "not_found")


@pytest.mark.parametrize("path", ["/nothing", "/tenants/", "//tenants"])
def test_an_unknown_path_is_404_for_everyone(plane, path):
    problem(plane.call("GET", path), 404, "not_found")


@pytest.mark.parametrize("prefix", ["", "/control", "/control/v2", "/control/v1x"])
def test_only_the_prefix_is_served(plane, prefix):
    answer = httpx.get(f"{plane.url}{prefix}/tenants")
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_another_method_is_405_and_says_which_are_served(operator, method):
    answer = operator.call(method, "/tenants")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    if method != "HEAD":
        assert problem(answer, 405, "method")["allowed"] == ["GET", "POST"]


def test_there_are_no_cors_headers(plane):
    answer = plane.call("OPTIONS", "/tenants", headers={"origin": "https://evil.example",
                                                        "access-control-request-method": "POST"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


HOSTILE = ["%", "%2", "%zz", "%00", "%ff", "%c0%80", "%ed%a0%80", "%f4%90%80%80", "..%2f..%2fsession", "%2e%2e", "a%0ab", "%7f",
           "'%20OR%201=1--", "%25%30%30", "a%2f..%2f..%2ftenants"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["/models/{}", "/tenants/{}", "/tenants/{}/keys", "/deployments/{}", "/providers/{}"])
def test_hostile_escapes_in_a_path_are_no_object(plane, stack, path, text):
    status, answer = raw(plane, f"GET {PREFIX}{path.format(text)} HTTP/1.1",
                         f"authorization: Bearer {stack.boot['TOLLGATE_OPERATOR_TOKEN']}")
    assert status in (400, 404), answer
    assert answer["type"].startswith("urn:tollgate:problem:")


@pytest.mark.parametrize("text", HOSTILE[:9])
def test_hostile_escapes_in_a_query_are_refused(plane, stack, text):
    status, answer = raw(plane, f"GET {PREFIX}/tenants?cursor={text} HTTP/1.1",
                         f"authorization: Bearer {stack.boot['TOLLGATE_OPERATOR_TOKEN']}")
    assert status == 400, answer


def test_a_slash_in_a_models_id_is_written_2f(operator):
    model = operator.get("/models", limit=1)["data"][0]["id"]
    assert "/" in model
    assert operator.get("/models/" + model.replace("/", "%2F"))["id"] == model
    problem(operator.call("GET", "/models/" + model), 404, "not_found")


# ---- bodies ----

def test_only_json_is_taken(operator):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        answer = operator.call("POST", "/tenants", content=b'{"name":"x"}', headers={"content-type": kind})
        problem(answer, 415, "content_type")
    answer = operator.call("POST", "/tenants", content=b"{}", headers={"content-type": "Application/JSON; charset=utf-8"})
    problem(answer, 422, "invalid_field")


def test_a_body_that_is_too_large_is_413(operator):
    problem(operator.call("POST", "/tenants", {"name": "x" * 300_000}), 413, "too_large")


@pytest.mark.parametrize("body,where", [
    (b'{"name":', 8), (b'{"name":"x",}', 12), (b"{'name':1}", 1), (b'{"name":"\xff"}', 9), (b'{"a":1,"a":2}', 7), (b"nul", 3),
    (b"[" * 100, 64), (b'{"name":"x"} x', 13),
])
def test_malformed_json_is_told_with_its_place(operator, body, where):
    answer = operator.call("POST", "/tenants", content=body, headers={"content-type": "application/json"})
    told = problem(answer, 400, "bad_request")["detail"]
    assert re.fullmatch(r"the body .* at byte \d+", told), told
    assert abs(int(told.rsplit(" ", 1)[1]) - where) <= 1, told


def test_every_complaint_is_told_at_once(operator):
    answer = operator.call("POST", "/tenants", {"plan": 5, "mode": "sometimes", "Name": "x"})
    errors = {error["field"]: error["message"] for error in problem(answer, 422, "invalid_field")["errors"]}
    assert set(errors) >= {"plan", "Name", "name"}
    assert errors["name"] == "is missing"
    assert "known are name" in errors["Name"]
    assert errors["plan"] == "must be a string"


def test_what_is_not_in_the_table_cannot_be_assigned(operator, stack):
    before = operator.get(f"/tenants/{stack.tenant}")
    for member in ("id", "etag", "balance", "created_at", "parent", "revision", "__proto__"):
        answer = operator.patch(f"/tenants/{stack.tenant}", {"name": "changed", member: "x"})
        assert problem(answer, 422, "invalid_field")["errors"][0]["field"] == member
    assert operator.get(f"/tenants/{stack.tenant}") == before


def test_a_patch_that_names_nothing_is_refused(operator, stack):
    told = problem(operator.patch(f"/tenants/{stack.tenant}", {}), 422, "invalid_field")
    assert "at least one member" in told["detail"]


def test_a_get_takes_no_body(operator):
    problem(operator.call("GET", "/tenants", {}), 400, "bad_request")


# ---- queries and pages ----

@pytest.mark.parametrize("query,field", [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("format=xml", "format"),
                                         ("limit=1&limit=2", "limit"), ("nothing=1", "nothing"), ("status=x", "status"),
                                         ("limit", "limit")])
def test_a_query_is_checked_like_a_body(operator, query, field):
    told = problem(operator.call("GET", "/tenants?" + query), 400, "invalid_field")
    assert [error["field"] for error in told["errors"]] == [field]


def test_pages_follow_one_another_and_their_cursors_fit_their_list_only(operator):
    for number in range(5):
        operator.post("/tenants", {"name": f"page {number}"})
    whole = [one["id"] for one in operator.get("/tenants", limit=200)["data"]]
    pages, cursor = [], {}
    while cursor is not None:
        page = operator.get("/tenants", limit=2, **cursor)
        pages += [one["id"] for one in page["data"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert pages == whole and len(whole) >= 6
    first = operator.get("/tenants", limit=2)["next_cursor"]
    changed = first[:10] + ("A" if first[10] != "A" else "B") + first[11:]
    for cursor in ("x", "AAAA", "%00", "e30", first[:-1], first + "A", changed):
        problem(operator.call("GET", "/tenants", params={"cursor": cursor}), 400, "bad_cursor")
    problem(operator.call("GET", "/operators", params={"cursor": first}), 400, "bad_cursor")


def test_csv_has_the_same_rows(operator):
    rows = operator.get("/tenants", limit=200)["data"]
    answer = operator.call("GET", "/tenants", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="tenants.csv"'
    lines = answer.text.split("\r\n")
    assert lines[0].startswith("id,name,") and "etag" not in lines[0]
    assert [line.split(",")[0] for line in lines[1:] if line] == [row["id"] for row in rows]


def test_a_formula_in_a_name_is_text_in_csv(operator):
    for name in ("=1+1", "+x", "-x", "@x", '=HYPERLINK("http://x","y")'):
        operator.post("/tenants", {"name": name})
    text = operator.call("GET", "/tenants", params={"format": "csv"}).text
    assert not re.search(r'(^|,|\n)"?[=+@]', text)
    assert "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"" in text


# ---- conditions ----

def test_a_change_needs_the_etag_of_what_was_read(operator, stack):
    path = f"/tenants/{stack.tenant}"
    before = operator.call("GET", path)
    etag = before.json()["etag"]
    assert before.headers["etag"] == f'"{etag}"'
    problem(operator.call("PATCH", path, {"name": "x"}), 428, "needs_match")
    problem(operator.patch(path, {"name": "x"}, etag="999999"), 412, "changed")
    problem(operator.call("PATCH", path, {"name": "x"}, headers={"if-match": f'W/"{etag}"'}), 412, "changed")
    problem(operator.call("PATCH", path, {"name": "x"}, headers={"if-match": ""}), 412, "changed")
    assert operator.get(path) == before.json()
    changed = operator.patch(path, {"name": "renamed"}, etag=etag)
    assert changed.status_code == 200 and changed.json()["name"] == "renamed"
    assert changed.headers["etag"] == f'"{changed.json()["etag"]}"' != f'"{etag}"'
    problem(operator.patch(path, {"name": "again"}, etag=etag), 412, "changed")
    assert operator.patch(path, {"name": "at last"}).status_code == 200


def test_two_changes_at_once_are_not_both_made(operator, stack):
    path = f"/tenants/{stack.tenant}"
    etag = operator.get(path)["etag"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: operator.patch(path, {"name": f"racer {n}"}, etag=etag).status_code, range(8)))
    assert sorted(answers) == [200] + [412] * 7


def test_what_did_not_change_is_304(operator, stack):
    path = f"/tenants/{stack.tenant}"
    etag = operator.call("GET", path).headers["etag"]
    for value in (etag, f"W/{etag}", f'"0", {etag}', "*"):
        answer = operator.call("GET", path, headers={"if-none-match": value})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert operator.call("GET", path, headers={"if-none-match": '"0"'}).status_code == 200


# ---- repeats ----

def named(operator, name):
    return [one for one in operator.get("/tenants", limit=200, q=name)["data"] if one["name"] == name]


def test_the_same_key_and_body_answer_the_same_again(operator):
    def make(body, key="repeat-1"):
        return operator.call("POST", "/tenants", body, headers={"idempotency-key": key})

    first, again = make({"name": "repeated"}), make({"name": "repeated"})
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    problem(make({"name": "another"}), 422, "key_reused")
    problem(operator.call("POST", "/tenants", {"name": "repeated"}, headers={"idempotency-key": "a b"}), 400, "bad_request")
    problem(operator.call("POST", "/tenants", {"name": "repeated"}, headers={"idempotency-key": "x" * 201}), 400, "bad_request")
    assert len(named(operator, "repeated")) == 1 and not named(operator, "another")


def test_a_failure_is_not_kept(operator):
    headers = {"idempotency-key": "failure-1"}
    problem(operator.call("POST", "/tenants", {"name": ""}, headers=headers), 422, "invalid_field")
    assert operator.call("POST", "/tenants", {"name": "second try"}, headers=headers).status_code == 201


def test_the_same_key_at_once_has_one_effect(plane, operator):
    def make(_):
        return operator.call("POST", "/tenants", {"name": "at once"}, headers={"idempotency-key": "at-once-1"})

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(make, range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    assert len(named(operator, "at once")) == 1


def test_a_key_belongs_to_its_caller(plane, operator):
    owner = plane.owner()
    tenant = owner.who["tenant"]["id"]
    answers = [who.call("POST", f"/tenants/{tenant}/projects", {"name": f"of {number}"}, headers={"idempotency-key": "shared"})
               for number, who in enumerate((operator, owner))]
    assert [answer.status_code for answer in answers] == [201, 201]


def test_a_secret_shown_once_is_kept_sealed(operator, stack):
    def make():
        return operator.call("POST", f"/tenants/{stack.tenant}/keys", {"name": "sealed", "project": project},
                             headers={"idempotency-key": "sealed-1"})

    project = operator.get(f"/tenants/{stack.tenant}/projects")["data"][0]["id"]
    first, again = make(), make()
    assert first.status_code == 201, first.text
    assert first.json()["secret"] == again.json()["secret"]
    secret = first.json()["secret"].encode()
    rows = stack.query("SELECT answer FROM tollgate.idempotency_keys WHERE answer IS NOT NULL")
    assert rows and not [row for row in rows if secret in bytes(row["answer"]) or b"sk-tg1_" in bytes(row["answer"])]


# ---- what the edge tells ----

@pytest.mark.parametrize("told,noted", [("192.0.2.77", "192.0.2.77"), ("2001:db8::1", "2001:db8::1"), ("", "127.0.0.1"),
                                        ("1.2.3.4, 5.6.7.8", "127.0.0.1"), ("x" * 500, "127.0.0.1"), ("\xff\xfe", "127.0.0.1")])
def test_the_audit_log_notes_the_address_that_the_edge_tells(plane, operator, stack, told, noted):
    answer = plane.call("POST", "/tenants", {"name": "from there"}, bearer=stack.boot["TOLLGATE_OPERATOR_TOKEN"],
                        headers={"x-forwarded-for": told.encode("latin-1")})
    assert answer.status_code == 201, answer.text
    row, = operator.get("/audit", subject=answer.json()["id"], action="tenant.create")["data"]
    assert row["address"] == noted


# ---- under load, and without a database ----

def test_too_many_calls_are_told_to_come_again(plane, stack):
    token = stack.boot["TOLLGATE_OPERATOR_TOKEN"]
    with stack.cluster.connect(stack.database) as blocker:
        blocker.autocommit = False
        blocker.execute("LOCK TABLE tollgate.tenants IN ACCESS EXCLUSIVE MODE")
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            calls = [pool.submit(plane.call, "GET", "/tenants", bearer=token) for _ in range(40)]
            busy = wait_until(lambda: [call.result() for call in calls if call.done() and call.result().status_code == 503],
                              "some are refused")
            blocker.rollback()
            answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {200, 503}
    problem(busy[0], 503, "unavailable")
    assert busy[0].headers["retry-after"] == "1"
    assert sum(answer.status_code == 200 for answer in answers) >= 20


def test_every_call_is_one_line_without_secrets(plane, operator, stack):
    answer = operator.call("GET", f"/tenants/{stack.tenant}?x=hunter2")
    request_id = answer.headers["x-request-id"]
    line = wait_until(lambda: next((json.loads(line) for line in plane.program.log.read_text().splitlines()
                                    if request_id in line), None), "the call is logged")
    assert line["event"] == "api.call" and line["route"] == "/tenants/{tenant}" and line["status"] == 400
    assert line["caller"].startswith("opr_")
    text = plane.program.log.read_text()
    for secret in ("hunter2", stack.boot["TOLLGATE_OPERATOR_TOKEN"], stack.boot["TOLLGATE_OPERATOR_PASSWORD"], "sk-tg1_"):
        assert secret not in text


def test_calls_are_counted_for_the_scraper(operator, ops):
    def metrics():
        lines = httpx.get(f"http://{ops}/metrics").text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    assert httpx.get(f"http://{ops}/healthz").status_code == 200
    before = metrics()
    operator.get("/tenants")
    operator.call("GET", "/nothing")
    after = wait_until(lambda: (now := metrics())['tollgate_control_calls_total{status="4xx"}']
                       > before['tollgate_control_calls_total{status="4xx"}'] and now, "the calls are counted")
    assert after['tollgate_control_calls_total{status="2xx"}'] > before['tollgate_control_calls_total{status="2xx"}']
    assert after["tollgate_control_database_up"] == 1 and after["tollgate_control_running"] == 0
    assert after['tollgate_control_call_seconds_bucket{le="+Inf"}'] == after["tollgate_control_call_seconds_count"]


@pytest.mark.parametrize("words,why", [
    (["--listen", "0.0.0.0:8090"], "loopback"), (["--listen", "x"], "loopback"), (["--master-key-file", "/nonexistent"], "cannot be read"),
    (["--threads", "0"], "threads"), (["--nothing", "1"], "nothing"),
])
def test_settings_that_cannot_be_are_told(stack, words, why):
    with pytest.raises(AssertionError, match=why):
        run(BIN / "tollgate-control", "serve", "--database-url-file", stack.folder / "control.url",
            "--master-key-file", stack.folder / "master.key", *words)


def test_it_ends_when_it_is_told_and_comes_back_when_the_database_does(make_stack):
    stack = make_stack(gateways=0)
    plane = stack.serve_control()
    token = stack.boot["TOLLGATE_OPERATOR_TOKEN"]
    assert plane.call("GET", "/tenants", bearer=token).status_code == 200
    with stack.cluster.connect("postgres") as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = "
                      "'tollgate-control'", [stack.database])
    assert plane.call("GET", "/tenants", bearer=token).status_code == 200
    plane.stop()
    assert plane.program.child.returncode == 0
