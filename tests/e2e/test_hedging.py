"""A second attempt beside one that is late: who is asked, who answers, and who pays."""

import json

import httpx
import pytest

from support.books import tokens

MODEL = "openai/gpt-4.1-mini"
ASK = [{"role": "user", "content": "Tell me something about bridges."}]
LATE = {"openai": "gpt-4.1-mini", "azure": "late-mini"}
FASTER_THAN_2_S = 25  # answers from which on a deployment is known


@pytest.fixture(scope="module")
def stack(make_stack):
    """Two providers, told apart by their names of the model, of which enough is known."""
    stack = make_stack()
    stack.change("UPDATE tollgate.deployments SET upstream_id = 'late-mini' WHERE model = %s AND provider = 'azure'", MODEL)
    for provider in LATE:
        for stream in (False, True):
            for _ in range(FASTER_THAN_2_S):
                assert ask(stack, provider, stream, hedge=None).status_code == 200
    return stack


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def ask(stack, first, stream, hedge="1"):
    headers = {"x-tollgate-trace": "1"} | ({} if hedge is None else {"x-tollgate-hedge": hedge})
    return stack.post("/v1/chat/completions", headers=headers,
                      body={"model": MODEL, "messages": ASK, "stream": stream, "provider": {"order": [first]}})


def trace_of(answer, stream):
    if not stream:
        return answer.json()["tollgate"]
    frames = [json.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: {")]
    return [frame["tollgate"] for frame in frames if "tollgate" in frame][0]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("late, other", [("openai", "azure"), ("azure", "openai")])
def test_who_is_late_is_overtaken(stack, stream, late, other):
    stack.faults(fault="first_ms=20000", count=-1, model=LATE[late])
    before = len(stack.truth())
    answer = ask(stack, late, stream)
    assert answer.status_code == 200
    assert not stream or answer.text.endswith("data: [DONE]\n\n")
    trace = trace_of(answer, stream)
    assert [(a["provider"], a["reason"]) for a in trace["attempts"]] == [(late, "hedged"), (other, "ok")]
    event = stack.event(answer.headers["x-generation-id"])
    told = {row["model"]: row for row in stack.truth()[before:]}
    assert event["outcome_name"] == "finished"
    assert tokens(event) == told[LATE[other]]["meters"] and event["charge_pico"] == event["told_pico"] > 0


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_first_may_still_win(stack, stream):
    """Both are late, the second more so."""
    stack.faults(fault="first_ms=400", count=-1, model=LATE["openai"])
    stack.faults(fault="first_ms=20000", count=-1, model=LATE["azure"])
    answer = ask(stack, "openai", stream)
    assert answer.status_code == 200
    attempts = trace_of(answer, stream)["attempts"]
    assert [(a["provider"], a["reason"]) for a in attempts] == [("openai", "ok"), ("azure", "hedged")]


def test_nobody_is_asked_twice_who_did_not_ask_for_it(stack):
    stack.faults(fault="first_ms=1000", count=-1, model=LATE["openai"])
    assert len(trace_of(ask(stack, "openai", False, hedge=None), False)["attempts"]) == 1


def test_a_tenant_may_ask_for_it_once_and_for_all(stack):
    stack.faults(fault="first_ms=1000", count=-1, model=LATE["openai"])
    stack.change("INSERT INTO tollgate.tenant_routing (tenant_id, hedge) SELECT tenant_id, true FROM tollgate.tenants "
                 "ON CONFLICT (tenant_id) DO UPDATE SET hedge = true")
    try:
        assert len(trace_of(ask(stack, "openai", False, hedge=None), False)["attempts"]) == 2
        assert len(trace_of(ask(stack, "openai", False, hedge="0"), False)["attempts"]) == 1
    finally:
        stack.change("DELETE FROM tollgate.tenant_routing")
