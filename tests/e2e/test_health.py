"""Where deployments stand: drains, probes, what is retired; in answers, endpoints and metrics."""

import json
import threading

import httpx
import pytest

from support.process import wait_until

MODEL, QUIET = "openai/gpt-4.1-mini", "openai/gpt-4.1"
ASK = [{"role": "user", "content": "Tell me something about bridges."}]


@pytest.fixture(scope="module")
def stack(make_stack):
    """Azure's deployments have names of their own, so that a fault can be theirs alone."""
    stack = make_stack()
    stack.change("UPDATE tollgate.deployments SET upstream_id = 'far-mini' WHERE model = %s AND provider = 'azure'", MODEL)
    stack.change("UPDATE tollgate.deployments SET upstream_id = 'far-quiet' WHERE model = %s AND provider = 'azure'", QUIET)
    return stack


@pytest.fixture(autouse=True)
def as_it_was(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()
    if stack.query("SELECT 1 FROM tollgate.deployments WHERE drained_at IS NOT NULL OR probe_interval_s > 0 LIMIT 1"):
        stack.change("UPDATE tollgate.deployments SET drained_at = NULL, drained_by = NULL, drain_reason = NULL, "
                     "probe_interval_s = 0 WHERE drained_at IS NOT NULL OR probe_interval_s > 0")


def ask(stack, model=MODEL, **more):
    return stack.post("/v1/chat/completions", {"model": model, "messages": ASK, **more}, headers={"x-tollgate-trace": "1"})


def served_by(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["tollgate"]["attempts"][-1]["provider"]


def endpoint(stack, provider, model=MODEL):
    answer = httpx.get(f"{stack.url}/v1/models/{model}/endpoints", headers={"authorization": f"Bearer {stack.key}"})
    return next(one for one in answer.json()["data"]["endpoints"] if one["provider"] == provider)


def metric(stack, name, provider, model=MODEL):
    """The value of one deployment's series; None: there is none."""
    for series, value in stack.gateway.metrics().items():
        if series.startswith(f"tollgate_deployment_{name}{{") and f'provider="{provider}",model="{model}"' in series:
            return value
    return None


def log_lines(stack, event):
    lines = stack.gateway.program.log.read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == event]


def drain(stack, *providers):
    stack.change("UPDATE tollgate.deployments SET drained_at = now(), drained_by = 'a test', drain_reason = 'to see it' "
                 "WHERE model = %s AND provider = ANY(%s)", MODEL, list(providers))


def test_a_drained_deployment_gets_nothing_new_and_says_so(stack):
    drain(stack, "openai")
    told = stack.post("/v1/route/dry-run", {"model": MODEL, "messages": ASK}).json()
    assert [one["provider"] for one in told["order"]] == ["azure"]
    assert [(one["provider"], one["excluded_because"]) for one in told["excluded"]] == [("openai", "drained")]
    assert served_by(ask(stack)) == "azure"
    assert endpoint(stack, "openai") | {"drained": True, "status": -10, "state": "out"} == endpoint(stack, "openai")
    assert endpoint(stack, "azure")["drained"] is False
    assert metric(stack, "drained", "openai") == 1 and metric(stack, "drained", "azure") == 0


def test_where_all_are_drained_nobody_can_serve(stack):
    drain(stack, "openai", "azure")
    before = len(stack.truth())
    answer = ask(stack)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "60"
    error = answer.json()["error"]
    assert "drained" in error["message"]
    assert {one["excluded_because"] for one in error["metadata"]["excluded"]} == {"drained"}
    assert len(stack.truth()) == before


@pytest.mark.parametrize("sort, strategy", [("least-busy", "least-busy"), ("usage", "usage"), ("cheapest", "price"),
                                            ("fastest", "throughput")])
def test_every_strategy_serves(stack, sort, strategy):
    body = {"provider": {"sort": sort, "preferred_max_latency": 5, "preferred_min_throughput": {"p90": 1}}}
    told = stack.post("/v1/route/dry-run", {"model": MODEL, "messages": ASK, **body})
    assert told.status_code == 200 and told.json()["strategy"] == strategy
    assert ask(stack, **body).status_code == 200


def test_a_model_that_is_retired_is_out_and_raises_an_alarm(stack):
    stack.faults(model="far-mini", fault="404", count=-1)
    assert served_by(ask(stack, provider={"order": ["azure"]})) == "openai"
    alarm = log_lines(stack, "deployment.out_of_service")[-1]
    assert (alarm["level"], alarm["provider"], alarm["model"], alarm["upstream_model"], alarm["status"]) == (
        "alarm", "azure", MODEL, "far-mini", 404)
    assert endpoint(stack, "azure")["state"] == "out"
    assert metric(stack, "out_of_service", "azure") == 1 and metric(stack, "failed_total", "azure") >= 1
    assert metric(stack, "in_flight", "azure") == 0
    assert metric(stack, "served_total", "openai") >= 1


def test_a_silent_stream_puts_its_deployment_behind_until_it_speaks(stack):
    """Of its 12 s for the first token a third goes by, at least 5 s: then it is behind, long before it has failed."""
    stack.change("UPDATE tollgate.deployments SET first_token_timeout_ms = 12000 WHERE model = %s AND provider = 'azure'", QUIET)
    stack.faults(model="far-quiet", fault="stall;wait_ms=6500", count=1)
    answers = []
    client = threading.Thread(target=lambda: answers.append(ask(stack, QUIET, stream=True, provider={"order": ["azure"]})))
    client.start()
    try:
        wait_until(lambda: endpoint(stack, "azure", QUIET)["state"] == "degraded", "the silence is noticed")
        assert not answers and metric(stack, "in_flight", "azure", QUIET) == 1 and metric(stack, "behind", "azure", QUIET) == 1
        told = stack.post("/v1/route/dry-run", {"model": QUIET, "messages": ASK, "provider": {"order": ["azure"]}}).json()
        assert [one["provider"] for one in told["order"]] == ["openai", "azure"]
        silent = log_lines(stack, "deployment.silent")[-1]
        assert silent["provider"] == "azure" and 5000 <= silent["silent_ms"] < 6500
    finally:
        client.join()
    assert answers[0].status_code == 200 and "[DONE]" in answers[0].text and '"provider":"azure"' in answers[0].text
    assert endpoint(stack, "azure", QUIET)["state"] == "ok"
    assert metric(stack, "in_flight", "azure", QUIET) == 0


def test_a_probe_brings_back_what_is_out_and_is_nobodys_request(stack):
    stack.faults(model="far-quiet", fault="404", count=1)
    assert served_by(ask(stack, QUIET, provider={"order": ["azure"]})) == "openai"
    assert endpoint(stack, "azure", QUIET)["state"] == "out"
    stack.wait_posted(len(stack.events()))
    events, seen = len(stack.events()), len(stack.truth())
    stack.change("UPDATE tollgate.deployments SET probe_interval_s = 5 WHERE model = %s AND provider = 'azure'", QUIET)
    wait_until(lambda: endpoint(stack, "azure", QUIET)["state"] == "ok", "the deployment is back")
    probe = stack.truth(since=0, body=1)[seen]
    assert probe["model"] == "far-quiet" and probe["status"] == 200 and not probe["stream"]
    assert probe["meters"]["output"] == 1 and probe["request_id"] == ""
    assert metric(stack, "probes_total", "azure", QUIET) == 1 and metric(stack, "probes_failed_total", "azure", QUIET) == 0
    assert 0 < metric(stack, "probe_cost_usd_total", "azure", QUIET) < 0.001
    assert len(stack.truth()) == seen + 1, "the others are not probed"
    assert len(stack.events()) == events, "no event, no charge"


def test_probes_end_where_their_money_does(stack):
    stack.faults(model="far-quiet", fault="404", count=1)
    ask(stack, QUIET, provider={"order": ["azure"]})
    seen = len(stack.truth())
    stack.change("UPDATE tollgate.deployments SET probe_interval_s = 5, probe_daily_cap_pico = 0 "
                 "WHERE model = %s AND provider = 'azure'", QUIET)
    wait_until(lambda: metric(stack, "probe_capped", "azure", QUIET) == 1, "the cap is told")
    assert log_lines(stack, "probe.capped")[-1]["provider"] == "azure"
    assert len(stack.truth()) == seen
