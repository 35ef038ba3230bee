"""Whatever a provider does: what the client sees, who is tried next, what the event says, what is paid."""

import json
import socket
import struct
import time

import httpx
import pytest

from support.books import check_books, tokens, wait_all_posted
from support.ids import uuid_of
from support.process import Program, own_program, wait_until
from support.raw import exchange, request_bytes

TWO = "openai/gpt-4.1-mini"      # at openai and at azure
QUICK = "openai/gpt-4o-mini"     # the same; its timeouts are made short
ASK = [{"role": "user", "content": "Tell me something about bridges."}]
STATUSES = ["408", "409", "429", "500", "502", "503", "504", "529"]
OUR_FAULT = ["401", "402", "403", "404", "429-quota"]
# A connection that was kept and dies before a byte is asked once more by libcurl itself: then one attempt is enough.
DEAD_CONNECTION = ["reset-before-head", "close-before-head"]
BEFORE_CONTENT = ["garbage-head", "html", "empty", "redirect",
                  "reset-after-head"]


@pytest.fixture(scope="module")
def stack(make_stack):
    stack = make_stack()
    stack.change("UPDATE tollgate.deployments SET first_token_timeout_ms = 400, idle_timeout_ms = 400, "
                 "total_timeout_ms = 1500 WHERE model = %s", QUICK)
    return stack


@pytest.fixture(scope="module")
def alone(stack):
    """A model that one provider alone offers."""
    return stack.query(
        "SELECT model FROM tollgate.deployments JOIN tollgate.models m USING (model) WHERE m.kind = 'chat' GROUP BY model "
        "HAVING count(*) = 1 AND bool_and(deployments.status = 'published' AND EXISTS (SELECT 1 FROM "
        "tollgate.price_versions v WHERE v.deployment_id = deployments.deployment_id)) ORDER BY model LIMIT 1")[0]["model"]


@pytest.fixture(scope="module")
def pairs(stack):
    """Models with two providers: one each for the faults that put a deployment out of service for long."""
    rows = stack.query(
        "SELECT model FROM tollgate.deployments d JOIN tollgate.models m USING (model) WHERE m.kind = 'chat' "
        "AND d.status = 'published' AND EXISTS (SELECT 1 FROM tollgate.price_versions v WHERE v.deployment_id = "
        "d.deployment_id) AND model <> ALL (%s) GROUP BY model HAVING count(DISTINCT failure_domain) = 2 AND count(*) = 2 "
        "ORDER BY model", [TWO, QUICK])
    return iter([row["model"] for row in rows])


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def ask(stack, model=TWO, stream=False, **more):
    body = {"model": model, "messages": ASK, "stream": stream, **more}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return stack.post("/v1/chat/completions", body)


def frames_of(answer):
    return [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]


def attempts_of(stack, answer):
    event_id = uuid_of(answer.headers["x-generation-id"])
    log, = stack.query("SELECT attempts FROM tollgate.request_log WHERE event_id = %s", event_id)
    return log["attempts"]


def served_by_the_second(stack, answer, stream):
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-tollgate-attempts"] == "2"
    if stream:
        assert frames_of(answer)[-1] == "[DONE]"
        assert len([f for f in frames_of(answer) if '"role":"assistant"' in f]) <= 1, "nothing of the first is seen"
    else:
        assert answer.json()["choices"][0]["finish_reason"] == "stop"
    event = stack.event(answer.headers["x-generation-id"])
    truth = [c for c in stack.truth() if c["request_id"] == answer.headers["x-generation-id"]]
    assert [c["attempt"] for c in truth] == [1, 2]
    assert event["outcome_name"] == "finished" and tokens(event) == truth[1]["meters"]
    attempts = attempts_of(stack, answer)
    assert len(attempts) == 2 and attempts[0]["provider"] != attempts[1]["provider"]
    assert event["charge_pico"] == event["told_pico"] > 0
    return event, truth


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", STATUSES + BEFORE_CONTENT)
def test_the_next_provider_is_tried_at_once(stack, fault, stream):
    stack.faults(fault=fault, count=1)
    begun = time.monotonic()
    answer = ask(stack, stream=stream)
    assert time.monotonic() - begun < 1.5, "a dead first one costs under a second"
    served_by_the_second(stack, answer, stream)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", DEAD_CONNECTION)
def test_a_dead_connection_costs_an_attempt_at_most(stack, fault, stream):
    stack.faults(fault=fault, count=1)
    answer = ask(stack, stream=stream)
    assert answer.status_code == 200 and answer.headers["x-tollgate-attempts"] in ("1", "2")
    event = stack.event(answer.headers["x-generation-id"])
    truth = [c for c in stack.truth() if c["request_id"] == answer.headers["x-generation-id"]]
    assert [c["status"] for c in truth] == [0, 200]
    assert event["outcome_name"] == "finished" and tokens(event) == truth[1]["meters"]


@pytest.mark.parametrize("fault", OUR_FAULT)
def test_a_credential_that_is_refused_is_put_aside(stack, pairs, fault):
    """It is our fault, not the client's: the request fails over, and the deployment is out until it is mended."""
    model = next(pairs)
    stack.faults(fault=fault, count=1)
    first = ask(stack, model=model)
    served_by_the_second(stack, first, False)
    again = ask(stack, model=model)
    assert again.status_code == 200 and again.headers["x-tollgate-attempts"] == "1"
    stack.event(again.headers["x-generation-id"])
    assert attempts_of(stack, again)[0]["provider"] == attempts_of(stack, first)[1]["provider"]


@pytest.mark.parametrize("fault", ["reset-mid", "cut", "truncate", "malformed", "error-mid"])
def test_a_whole_answer_that_breaks_is_asked_for_elsewhere(stack, fault):
    stack.faults(fault=fault, count=1)
    served_by_the_second(stack, ask(stack), False)


def test_a_stream_that_is_none(stack):
    """text/plain instead of events: as a whole answer it would do, as a stream it does not."""
    stack.faults(fault="wrong-type", count=1)
    served_by_the_second(stack, ask(stack, stream=True), True)
    stack.faults(fault="wrong-type", count=1)
    assert ask(stack).headers["x-tollgate-attempts"] == "1"


@pytest.mark.parametrize("fault", ["stall-before-head", "stall-after-head"])
def test_a_stream_that_does_not_begin(stack, fault):
    stack.faults(fault=fault, count=1)
    answer = ask(stack, model=QUICK, stream=True)
    event, _ = served_by_the_second_of_stall(stack, answer)
    assert event["outcome_name"] == "finished"


def served_by_the_second_of_stall(stack, answer):
    assert answer.status_code == 200 and answer.headers["x-tollgate-attempts"] == "2", answer.text
    assert frames_of(answer)[-1] == "[DONE]"
    event = stack.event(answer.headers["x-generation-id"])
    assert attempts_of(stack, answer)[0]["reason"] == "timeout_first"
    return event, answer


def test_a_whole_answer_that_never_comes_is_not_bought_twice(stack):
    stack.faults(fault="stall-before-head", count=1)
    answer = ask(stack, model=QUICK)
    assert answer.status_code == 504 and answer.headers["x-tollgate-error"] == "timeout"
    event = stack.event(answer.headers["x-generation-id"])
    assert event["outcome_name"] == "provider_failed" and event["charge_pico"] == 0
    assert len(attempts_of(stack, answer)) == 1


@pytest.mark.parametrize("fault, status, code", [
    ("400", 400, None), ("400-context", 400, "context_length_exceeded"), ("400-policy", 400, None),
    ("413", 413, None), ("422", 422, None)])
def test_the_clients_own_fault_is_told_in_the_providers_words(stack, fault, status, code):
    stack.faults(fault=fault, count=1)
    answer = ask(stack)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["message"] and (code is None or error["code"] == code)
    assert answer.headers["x-tollgate-attempts"] == "1"
    event = stack.event(answer.headers["x-generation-id"])
    assert event["outcome_name"] == "provider_failed" and event["charge_pico"] == 0


@pytest.mark.parametrize("fault, status, word", [
    ("429;retry_after=7", 429, "rate_limit_exceeded"), ("500", 503, "provider_unavailable"),
    ("503;retry_after=7", 503, "provider_unavailable"), ("html", 502, "provider_unavailable"),
    ("reset-before-head", 503, "provider_unavailable"), ("529", 529, "provider_overloaded")])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_when_nobody_answers(stack, fault, status, word, stream):
    """A status, not an error in a stream: an SDK repeats the one and not the other. Nothing is paid."""
    stack.faults(fault=fault, count=-1)
    answer = ask(stack, stream=stream)
    assert answer.status_code == status, answer.text
    assert answer.headers["x-tollgate-error"] == word
    assert answer.headers["x-tollgate-attempts"] == "2"
    assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}
    if "retry_after" in fault:
        assert 1 <= int(answer.headers["retry-after"]) <= 7
    event = stack.event(answer.headers["x-generation-id"])
    assert event["outcome_name"] == "provider_failed" and event["charge_pico"] == 0 and event["told_pico"] == 0


def test_the_only_provider_is_asked_again(stack, alone):
    stack.faults(fault="500", count=2)
    answer = ask(stack, model=alone)
    assert answer.status_code == 200 and answer.headers["x-tollgate-attempts"] == "3"
    event = stack.event(answer.headers["x-generation-id"])
    assert event["outcome_name"] == "finished"


AFTER_CONTENT = ["reset-mid", "cut", "truncate", "malformed", "error-mid", "no-done"]


def ended_in_band(stack, answer):
    """Whole HTTP, an error of the dialect as the last frame, no [DONE]; what was written is paid, as counted."""
    assert answer.status_code == 200
    frames = frames_of(answer)
    assert "[DONE]" not in frames
    error = json.loads(frames[-1])["error"]
    assert error["message"] and error["type"]
    event = stack.event(answer.headers["x-generation-id"])
    truth, = wait_until(lambda: [c for c in stack.truth() if c["request_id"] == answer.headers["x-generation-id"]],
                        "the truth of the call")
    assert event["outcome_name"] == "provider_died", event
    assert event["charge_pico"] == event["told_pico"] > 0
    return event, truth, frames


@pytest.mark.parametrize("fault", AFTER_CONTENT)
def test_a_stream_that_breaks_is_never_taken_for_whole(stack, fault):
    stack.faults(fault=f"{fault};after=4", count=1)
    event, truth, frames = ended_in_band(stack, ask(stack, stream=True))
    if not truth["usage_told"]:
        assert event["usage_from"] == 2 and tokens(event) == truth["meters"]
    content = [f for f in frames[:-1] if json.loads(f).get("choices")]
    assert content, "what came before is shown"


def test_a_providers_own_end_is_one_without_a_finish_too(stack):
    stack.faults(fault="no-finish", count=1)
    answer = ask(stack, stream=True)
    frames = frames_of(answer)
    told = [chunk for chunk in map(json.loads, frames[:-1]) if chunk["choices"]]
    assert frames[-1] == "[DONE]" and told[-1]["choices"][0]["finish_reason"] == "stop"
    assert stack.event(answer.headers["x-generation-id"])["outcome_name"] == "finished"


def test_a_stream_that_stops_in_the_middle(stack):
    stack.faults(fault="stall-mid;after=4", count=1)
    event, truth, _ = ended_in_band(stack, ask(stack, model=QUICK, stream=True))
    assert event["usage_from"] == 2 and tokens(event) == truth["meters"]


WRONG_USAGE = ["no-usage", "null-usage", "text-usage", "negative-usage", "huge-usage", "fraction-usage", "zero-usage"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", WRONG_USAGE)
def test_usage_that_cannot_be_true_is_counted_instead(stack, fault, stream):
    before = stack.gateway.metrics()["tollgate_usage_quarantined_total"]
    stack.faults(fault=fault, count=1)
    answer = ask(stack, stream=stream)
    assert answer.status_code == 200
    event = stack.event(answer.headers["x-generation-id"])
    truth, = [c for c in stack.truth() if c["request_id"] == answer.headers["x-generation-id"]]
    assert event["outcome_name"] == "finished" and event["usage_from"] == 2
    assert not truth["usage_told"] and tokens(event) == truth["meters"]
    usage = json.loads(frames_of(answer)[-2])["usage"] if stream else answer.json()["usage"]
    assert round(usage["cost"] * 10**12) == event["charge_pico"] > 0
    assert usage["completion_tokens"] == event["output_tokens"]
    if fault not in ("no-usage", "null-usage"):
        assert stack.gateway.metrics()["tollgate_usage_quarantined_total"] == before + 1


@pytest.mark.parametrize("fault", ["twice-usage", "late-usage"])
def test_usage_told_twice_or_behind_the_end(stack, fault):
    stack.faults(fault=fault, count=1)
    answer = ask(stack, stream=True)
    frames = frames_of(answer)
    assert frames[-1] == "[DONE]"
    event = stack.event(answer.headers["x-generation-id"])
    truth, = [c for c in stack.truth() if c["request_id"] == answer.headers["x-generation-id"]]
    assert event["usage_from"] == 1 and tokens(event) == truth["meters"]
    assert round(json.loads(frames[-2])["usage"]["cost"] * 10**12) == event["charge_pico"]
    assert sum('"usage":{' in frame for frame in frames) == 1


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("when", ["before the first byte", "in the stream"])
def test_a_client_that_leaves(stack, when, reset):
    """The provider is left within a second; what it had written by then is paid, and nothing before the first word."""
    seen, begun = len(stack.truth()), when == "in the stream"
    spec = "fake:tokens=4000;pace_us=10000" if begun else "fake:tokens=50;first_ms=30000"
    body = {"model": TWO, "messages": ASK, "stream": True, "user": spec}
    with socket.create_connection(("127.0.0.1", int(stack.url.rsplit(":", 1)[1])), timeout=30) as peer:
        peer.sendall(request_bytes("/v1/chat/completions", stack.key, body))
        if begun:
            assert peer.recv(4000).startswith(b"HTTP/1.1 200")
        wait_until(lambda: stack.gateway.metrics()["tollgate_upstreams_open"] == 1, "the provider is asked")
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    left = time.monotonic()
    truth, = wait_until(lambda: stack.truth()[seen:], "the provider is told")
    assert time.monotonic() - left < 1.2
    assert truth["end"] == "left"
    event = stack.event(truth["request_id"])
    if begun:
        assert event["outcome_name"] == "client_left" and event["usage_from"] == 2
        assert event["input_tokens"] == truth["meters"]["input"]
        assert 0 < event["output_tokens"] <= truth["meters"]["output"]
        assert event["charge_pico"] > 0
    else:
        assert event["outcome_name"] == "client_left_early" and event["charge_pico"] == 0
    wait_until(lambda: stack.gateway.metrics()["tollgate_upstreams_open"] == 0, "no call is left open")


def test_a_slow_reader_pauses_the_provider(stack):
    """And gets everything in the end."""
    body = {"model": TWO, "messages": ASK, "stream": True, "user": "fake:tokens=120000;pace_us=0", "max_tokens": 32768}
    port = int(stack.url.rsplit(":", 1)[1])
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", port))
        peer.sendall(request_bytes("/v1/chat/completions", stack.key, body, connection="close"))
        wait_until(lambda: stack.gateway.metrics()["tollgate_upstream_pauses_total"] > 0, "the provider is paused")
        peer.settimeout(30)
        got = bytearray()
        while part := peer.recv(1 << 20):
            got += part
    assert got.endswith(b"0\r\n\r\n") and b"data: [DONE]" in got


@pytest.fixture(scope="module")
def proxy(stack):
    """A network that can be made bad between a gateway and its provider: (its address, a word to it)."""
    ready = stack.folder / "proxy.out"
    with open(ready, "wb") as out:
        program = Program("fault-proxy", [own_program("tollgate-fault-proxy"), "--listen", "127.0.0.1:0", "--target",
                                          stack.provider_url.removeprefix("http://"), "--control", "127.0.0.1:0"],
                          log=stack.folder / "proxy.log", stdout=out)
    lines = wait_until(lambda: (lambda text: text.splitlines() if text.count("\n") >= 2 else None)(ready.read_text()),
                       "the proxy listens")
    control = "http://" + lines[1].split()[-1]

    def tell(word):
        got, _ = exchange(control, (word + "\n").encode(), shut=True)
        assert got.startswith(b"ok"), got

    yield lines[0].split()[-1], tell
    program.stop()


def test_every_provider_of_a_dialect_can_be_one_address(stack, proxy):
    """`upstream` answers instead of all of them: they keep their names, and nobody but the sandbox hears our ids."""
    address, tell = proxy
    gateway = stack.add_gateway(9, upstream=f"openai=http://{address}/east/v1")
    seen = len(stack.truth())
    answer = stack.post("/v1/chat/completions", {"model": TWO, "messages": ASK}, gateway=gateway)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-tollgate-provider"] in ("openai", "azure")
    truth, = wait_until(lambda: stack.truth()[seen:], "the provider's line")
    assert truth["site"] == "east" and not truth["request_id"]
    tell("unlisten")
    tell("reset")  # those kept for the next call too
    answer = stack.post("/v1/chat/completions", {"model": TWO, "messages": ASK}, gateway=gateway)
    assert answer.status_code == 503 and answer.headers["x-tollgate-error"] == "provider_unavailable"
    assert stack.event(answer.headers["x-generation-id"])["charge_pico"] == 0
    tell("listen")
    tell("delay 50")
    answer = stack.post("/v1/chat/completions", {"model": TWO, "messages": ASK}, gateway=gateway)
    assert answer.status_code == 200
    tell("pass")
    # The provider does not tell of it by our id, so nobody else waits for its event.
    assert stack.event(answer.headers["x-generation-id"])["outcome_name"] == "finished"


def test_the_books_agree_after_all_that(stack):
    wait_all_posted(stack)
    check_books(stack)
