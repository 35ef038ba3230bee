"""Routing presets: how one is named, where its targets lead, what they change, and what of it is told."""

import json
import uuid

import anthropic
import httpx
import pytest

from support.ids import uuid_of

MODEL, OTHER, CLAUDE = "openai/gpt-4.1-mini", "openai/gpt-4.1", "anthropic/claude-sonnet-4.5"
ASK = [{"role": "user", "content": "Tell me something about bridges."}]
OPENAI = {"only": ["openai"]}

PRESETS = {
    "chain": {"strategy": {"mode": "fallback"}, "targets": [
        {"name": "main", "model": MODEL, "provider": OPENAI},
        {"name": "long", "on": ["context_window"], "model": CLAUDE, "provider": {"only": ["anthropic"]}},
        {"name": "clean", "on": ["content_policy"], "model": CLAUDE, "provider": {"only": ["anthropic"]}},
        {"name": "last", "on": ["error"], "model": OTHER, "provider": OPENAI}]},
    "statuses": {"strategy": {"mode": "fallback", "on_status_codes": [429]}, "targets": [
        {"name": "main", "model": MODEL, "provider": OPENAI}, {"name": "last", "model": OTHER, "provider": OPENAI}]},
    "canary": {"strategy": {"mode": "loadbalance", "sticky": "user"}, "targets": [
        {"name": "stable", "weight": 60, "model": MODEL, "provider": OPENAI},
        {"name": "canary", "weight": 40, "model": OTHER, "provider": OPENAI}]},
    "auto": {"strategy": {"mode": "conditional", "default": "cheap", "conditions": [
        {"query": {"metadata.tier": {"$eq": "paid"}}, "then": "good"},
        {"query": {"request.prompt_tokens": {"$gt": 2000}}, "then": "good"}]}, "targets": [
            {"name": "good", "model": OTHER, "provider": OPENAI}, {"name": "cheap", "model": MODEL, "provider": OPENAI}]},
    "brief": {"model": MODEL, "provider": OPENAI,
              "override_params": {"system": "Answer briefly.", "temperature": 0.25, "max_tokens": 9}},
    "stubborn": {"strategy": {"mode": "fallback"}, "targets": [
        {"name": "main", "model": MODEL, "provider": OPENAI, "retry": {"attempts": 2, "by_error": {"rate_limit": 0}}},
        {"name": "last", "model": OTHER, "provider": OPENAI}]},
    "hasty": {"strategy": {"mode": "fallback"}, "targets": [
        {"name": "main", "model": MODEL, "provider": OPENAI, "first_token_timeout": 300, "request_timeout": 400},
        {"name": "last", "model": OTHER, "provider": OPENAI}]},
    "strict": {"model": MODEL, "provider": {"zdr": True}},
}


@pytest.fixture(scope="module")
def stack(make_stack):
    stack = make_stack()
    tenant = uuid_of(stack.tenant)
    rows = []
    for name, body in PRESETS.items():
        made = uuid.uuid4()
        rows.append("INSERT INTO tollgate.routing_presets (preset_id, tenant_id, name, created_by) VALUES ('{0}', '{1}', '{2}', 'test');"
                    "INSERT INTO tollgate.routing_preset_versions (preset_id, tenant_id, version, body, created_by) "
                    "VALUES ('{0}', '{1}', 1, '{3}', 'test');".format(made, tenant, name, json.dumps(body)))
    stack.change("".join(rows))
    return stack


@pytest.fixture(autouse=True)
def no_faults_left(stack):
    yield
    httpx.delete(stack.provider_url + "/control").raise_for_status()


def ask(stack, headers=None, **more):
    return stack.post("/v1/chat/completions", {"messages": ASK, **more}, headers={"x-tollgate-trace": "1"} | (headers or {}))


def dry_run(stack, **more):
    return stack.post("/v1/route/dry-run", {"messages": ASK, **more})


def trace_of(answer):
    body = answer.json()
    return body["tollgate"] if "tollgate" in body else body["error"]["metadata"]["tollgate"]


def tried(answer):
    return [(attempt["target"], attempt["reason"]) for attempt in trace_of(answer)["attempts"]]


NAMES = [("a member", {"preset": "chain", "model": MODEL}, {}), ("the model", {"model": "@preset/chain"}, {}),
         ("a header", {"model": MODEL}, {"x-tollgate-preset": "chain"})]


@pytest.mark.parametrize("what, body, headers", NAMES, ids=[row[0] for row in NAMES])
def test_a_preset_is_named_in_three_ways(stack, what, body, headers):
    answer = ask(stack, headers, **body)
    assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == MODEL
    assert trace_of(answer)["preset"] == {"name": "chain", "version": 1}
    assert tried(answer) == [("main", "ok")]


LEADS = [("503", ["main", "last"], OTHER), ("400-context", ["main", "long"], CLAUDE), ("400-policy", ["main", "clean"], CLAUDE),
         ("429", ["main", "last"], OTHER), ("400", ["main"], None)]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault, targets, model", LEADS, ids=[row[0] for row in LEADS])
def test_each_failure_leads_to_the_target_that_is_for_it(stack, stream, fault, targets, model):
    stack.faults(fault=fault, count=1, model="gpt-4.1-mini")
    answer = ask(stack, preset="chain", model=MODEL, stream=stream)
    assert (answer.status_code == 200) == (model is not None), answer.text
    if model is None:
        assert answer.status_code == 400
    else:
        assert answer.headers["x-tollgate-model"] == model and answer.headers["x-tollgate-attempts"] == str(len(targets))
    if not stream or model is None:
        assert [name for name, _ in tried(answer)] == targets


def test_an_anthropic_client_goes_the_same_way(stack):
    stack.faults(fault="400-context", count=1, model="gpt-4.1-mini")
    client = anthropic.Anthropic(api_key=stack.key, base_url=stack.url, max_retries=0)
    answer = client.messages.with_raw_response.create(model="@preset/chain", max_tokens=50, messages=ASK)
    assert answer.headers["x-tollgate-model"] == CLAUDE and answer.parse().content[0].text


@pytest.mark.parametrize("fault, targets", [("429", ["main", "last"]), ("503", ["main"]), ("reset-before-head", ["main", "last"])])
def test_only_the_named_statuses_lead_on(stack, fault, targets):
    stack.faults(fault=fault, count=1, model="gpt-4.1-mini")
    answer = ask(stack, preset="statuses", model=MODEL, num_retries=0)
    assert [name for name, _ in tried(answer)] == targets
    assert (answer.status_code == 200) == (len(targets) == 2)


def test_shares_stay_with_a_user(stack):
    firsts = [{dry_run(stack, preset="canary", model=MODEL, user=f"user {n}").json()["order"][0]["target"] for _ in range(2)}
              for n in range(24)]
    assert all(len(first) == 1 for first in firsts)
    assert set.union(*firsts) == {"stable", "canary"}


AUTO = [("else", {}, MODEL), ("by metadata", {"metadata": {"tier": "paid"}}, OTHER),
        ("by length", {"messages": [{"role": "user", "content": "bridge " * 4000}]}, OTHER)]


@pytest.mark.parametrize("what, more, model", AUTO, ids=[row[0] for row in AUTO])
def test_auto_is_the_preset_of_that_name(stack, what, more, model):
    answer = ask(stack, model="auto", **more)
    assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == model
    assert trace_of(answer)["requested"] == "auto"


def test_without_one_auto_is_refused_with_how_to_make_it(stack):
    other = stack.new_tenant()
    answer = stack.post("/v1/chat/completions", {"model": "auto", "messages": ASK}, key=other["key"])
    assert answer.status_code == 400 and "routing preset of that name" in answer.json()["error"]["message"]


def test_a_target_changes_what_is_asked(stack):
    before = len(stack.truth())
    answer = ask(stack, preset="brief", model=MODEL, max_tokens=77, temperature=1,
                 messages=[{"role": "system", "content": "Be long."}, *ASK])
    assert answer.status_code == 200
    asked = json.loads(stack.truth(body=1)[before:][0]["body"])
    assert asked["messages"][0] == {"role": "system", "content": "Answer briefly."} and asked["messages"][1:] == ASK
    assert asked["temperature"] == 0.25 and 9 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))
    assert "preset" not in asked
    event = stack.event(answer.headers["x-generation-id"])
    assert event["charge_pico"] == event["told_pico"] > 0


@pytest.mark.parametrize("fault, reasons", [("503", ["main", "main", "main"]), ("429", ["main", "last"])])
def test_retries_are_as_the_target_says(stack, fault, reasons):
    stack.faults(fault=fault + ";retry_after=0", count=2 if fault == "503" else 1, model="gpt-4.1-mini")
    answer = ask(stack, preset="stubborn", model=MODEL)
    assert answer.status_code == 200
    assert [name for name, _ in tried(answer)] == reasons


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_targets_own_time_leads_on(stack, stream):
    stack.faults(fault="first_ms=5000", count=1, model="gpt-4.1-mini")
    answer = ask(stack, preset="hasty", model=MODEL, stream=stream)
    assert answer.status_code == 200 and answer.headers["x-tollgate-model"] == OTHER


def test_a_targets_wish_excludes_by_its_name(stack):
    answer = ask(stack, preset="strict", model=MODEL)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "preset.zdr"


def test_a_dry_run_tells_all_of_it(stack):
    told = dry_run(stack, preset="chain", model=MODEL).json()
    assert told["preset"] == {"name": "chain", "version": 1}
    assert [(leg["target"], leg["model"], leg["on"]) for leg in told["legs"]] == [
        ("main", MODEL, ["error", "context_window", "content_policy"]), ("long", CLAUDE, ["context_window"]),
        ("clean", CLAUDE, ["content_policy"]), ("last", OTHER, ["error"])]
    assert [one["target"] for one in told["order"]] == ["main", "last"]
    assert {one["excluded_because"] for one in told["excluded"]} >= {"on", "preset.only"}


REFUSED = [("an unknown one", {"preset": "chains"}, "Did you mean 'chain'?"), ("a name that is none", {"preset": "A B"}, "a-z"),
           ("two that differ", {"preset": "chain", "model": "@preset/auto"}, "differ")]


@pytest.mark.parametrize("what, more, says", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_preset_is_refused(stack, what, more, says):
    answer = ask(stack, **{"model": MODEL, **more})
    assert answer.status_code == 400 and says in answer.json()["error"]["message"]


def test_a_tenants_rules_hold_whatever_is_asked(stack):
    """The tenant's strategy, and what only the tenant may allow: named in the refusal."""
    other = stack.new_tenant()
    stack.change("INSERT INTO tollgate.tenant_routing (tenant_id, zdr, strategy) VALUES (%s, true, 'latency')", uuid_of(other["tenant"]))
    answer = stack.post("/v1/chat/completions", {"model": MODEL, "messages": ASK, "provider": {"zdr": False}}, key=other["key"])
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "tenant.zdr"
    stack.change("UPDATE tollgate.tenant_routing SET zdr = false WHERE tenant_id = %s", uuid_of(other["tenant"]))
    told = stack.post("/v1/route/dry-run", {"model": MODEL, "messages": ASK}, key=other["key"])
    assert told.status_code == 200 and told.json()["strategy"] == "latency"


def test_a_keys_preset_is_that_of_requests_that_name_none(stack):
    key = stack.new_key()
    stack.change("UPDATE tollgate.api_keys SET preset_id = (SELECT preset_id FROM tollgate.routing_presets WHERE name = 'brief') "
                 "WHERE key_id = %s", uuid_of(key["key_id"]))
    told = stack.post("/v1/route/dry-run", {"model": OTHER, "messages": ASK}, key=key["key"]).json()
    assert told["preset"]["name"] == "brief" and told["order"][0]["model"] == MODEL
    named = stack.post("/v1/route/dry-run", {"model": OTHER, "preset": "chain", "messages": ASK}, key=key["key"]).json()
    assert named["preset"]["name"] == "chain"
