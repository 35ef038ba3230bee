"""The catalog through the control plane's API: models, deployments, imports, providers, prices; and that the gateway
does as it was told."""

import json
import time
from decimal import Decimal
from urllib.parse import quote

import psycopg
import pytest

from support.ids import uuid_of
from support.process import wait_until
from support.rocket import *  # noqa: F403


# ---- imports ----

def test_an_import_is_shown_first_made_once_and_then_changes_nothing(stack, operator, rocket):
    file = with_rocket(shipped(), rocket.url)
    before = stack.query("SELECT version FROM tollgate.snapshot_version")
    dry = operator("POST", "/catalog/imports", {"catalog": file, "dry_run": True})
    assert dry["dry_run"] and dry["counts"] == {"added": 3, "changed": 0, "retired": 0, "prices": 0, "quarantined": 0}
    assert {(change["action"], change["kind"], change["what"]) for change in dry["changes"]} == {
        ("add", "provider", "rocket"), ("add", "model", "rocket/one"), ("add", "deployment", "rocket/rocket-1#1")}
    assert stack.query("SELECT version FROM tollgate.snapshot_version") == before, "a dry run writes nothing"
    assert operator.all("/deployments", model="rocket/one") == []
    made = operator("POST", "/catalog/imports", {"catalog": file})
    assert made["counts"] == dry["counts"] and made["changes"] == dry["changes"] and not made["dry_run"]
    assert made["prices_from"] is None, "first prices hold at once"
    again = operator("POST", "/catalog/imports", {"catalog": file})
    assert again["changes"] == [] and set(again["counts"].values()) == {0}


def test_a_changed_price_of_an_import_holds_in_ten_minutes(operator, imported, rocket, deployment):
    file = with_rocket(shipped(), rocket.url, input_usd="3")
    dry = operator("POST", "/catalog/imports", {"catalog": file, "dry_run": True, "prices_from": later(30)})
    change, = dry["changes"]
    assert (change["action"], change["what"]) == ("price", "rocket/rocket-1#1")
    assert "input 2 -> 3 (+50.0 %)" in change["detail"]
    assert dry["prices_from"] is not None and dry["counts"]["prices"] == 1
    assert len(operator.all("/prices", deployment=deployment["id"])) == 2


def test_models_dev_is_compared_too(operator, imported):
    file = json.loads((ROOT / "tests/unit/tenants/model/models-dev-sample.json").read_text("utf-8"))
    dry = operator("POST", "/catalog/imports", {"catalog": file, "format": "models.dev", "dry_run": True})
    assert dry["counts"]["retired"] > 400 and dry["changes"]
    assert "catalog" in operator.refused("POST", "/catalog/imports", {"catalog": file})


def test_a_file_cut_short_empties_nothing(operator, imported):
    file = shipped()
    file["models"] = file["models"][:10]
    assert "retire_many" in operator.refused("POST", "/catalog/imports", {"catalog": file})
    dry = operator("POST", "/catalog/imports", {"catalog": file, "dry_run": True})
    assert dry["counts"]["retired"] > 400


@pytest.mark.parametrize("body, field", [
    ({}, "catalog"),
    ({"catalog": "x"}, "catalog"),
    ({"catalog": []}, "catalog"),
    ({"catalog": {"format": "tollgate.catalog.v1", "models": 5}}, "catalog"),
    ({"catalog": {}, "format": "yaml"}, "format"),
    ({"catalog": {}, "dry_run": "yes"}, "dry_run"),
    ({"catalog": {}, "prices_from": "tomorrow"}, "prices_from"),
    ({"catalog": {}, "prices_from": "2026-01-01T00:00:00Z"}, "prices_from"),
    ({"catalog": {}, "colour": 1}, "colour"),
])
def test_an_import_says_what_is_wrong_with_it(operator, body, field):
    assert field in operator.refused("POST", "/catalog/imports", body)


def test_quarantine_of_an_import_and_an_operators_release_stay(stack, operator, imported, rocket, deployment):
    file = with_rocket(shipped(), rocket.url)
    file["models"][-1]["deployments"][0]["rates"] = [rate("input", "2")]
    counts = operator("POST", "/catalog/imports", {"catalog": file, "dry_run": True})["counts"]
    assert counts["quarantined"] == 1 and counts["prices"] == 1
    held = [row for row in operator.all("/deployments", status="quarantined", limit=200) if row["quarantine"]]
    one = held[0]
    assert operator.patch(f"/deployments/{one['id']}", status="published")["released"]
    assert operator("POST", "/catalog/imports", {"catalog": with_rocket(shipped(), rocket.url)})["changes"] == []
    assert operator.get(f"/deployments/{one['id']}")["status"] == "published"
    again = operator.patch(f"/deployments/{one['id']}", status="quarantined", status_reason="back")
    assert not again["released"] and again["status_reason"] == "back"


# ---- models and deployments ----

def test_models_are_listed_by_pages_and_filters(operator, imported):
    models = operator.all("/models", limit=100)
    assert len(models) > 400 and [m["id"] for m in models] == sorted({m["id"] for m in models})
    one, = operator.all("/models", q="ROCKET one")
    assert one["id"] == "rocket/one" and one["providers"] == ["rocket"] and one["deployments"] == one["sellable"] == 1
    assert (one["input_from"], one["output_from"], one["context_limit"]) == ("2", "8", 8000)
    assert [m["id"] for m in operator.all("/models", provider="rocket")] == ["rocket/one"]
    assert all(m["kind"] == "embedding" for m in operator.all("/models", kind="embedding"))
    assert operator.all("/models", kind="embedding")
    text = operator("GET", "/models?format=csv&q=rocket")
    assert text.splitlines()[0].startswith("id,name,kind") and "rocket/one,Rocket One,chat" in text


def test_a_model_shows_its_offers_with_prices(operator, member, imported, deployment):
    for api in (operator, member):
        model = api.get("/models/" + quote("rocket/one", safe=""))
        offer, = model["offers"]
        assert offer["deployment"] == deployment["id"] and offer["price"].startswith("prc_")
        assert {(r["meter"], r["mode"], r["per_million"]) for r in offer["rates"]} == {
            ("input", "standard", "2"), ("output", "standard", "8")}
        assert model["facts"]["limits"]["context"] == 8000 and model["aliases"] == []
        text = json.dumps(model)
        assert "base_url" not in text and "rocket-1" not in text and "cost" not in text
    assert operator.refused("GET", "/models/nobody%2Fnothing", status=404)
    assert operator("GET", "/models/" + quote("rocket/one", safe=""), status=304,
                    if_none_match=f'"{model["etag"]}"') == ""


def test_members_see_what_is_published_and_nothing_of_ours(stack, operator, member, imported):
    path = "/models/" + quote("rocket/one", safe="")
    assert member.all("/models", q="rocket")
    hidden = operator.patch(path, status="quarantined", status_reason="it lies")
    assert (hidden["status"], hidden["status_reason"]) == ("quarantined", "it lies")
    assert member.all("/models", q="rocket") == [] and member.refused("GET", path, status=404)
    assert member.all("/models", q="rocket", status="quarantined") == []
    assert operator.all("/models", q="rocket", status="quarantined")
    shown = operator.patch(path, status="published")
    assert shown["status_reason"] is None and member.all("/models", q="rocket")
    for path in ("/deployments", "/providers", "/provider-health", "/prices", "/credentials"):
        assert member.refused("GET", path, status=403)
    # The database itself does not show a tenant what we pay.
    with psycopg.connect(stack.cluster.url(stack.database, "tollgate_control")) as db:
        db.execute("SELECT set_config('tollgate.operator', 'off', true), set_config('tollgate.tenant', "
                   "(SELECT %s::text), true)", [stack.query("SELECT tenant_id FROM tollgate.tenants")[0]["tenant_id"]])
        assert db.execute("SELECT DISTINCT book FROM tollgate.price_versions").fetchall() == [("list",)]
        assert db.execute("SELECT count(*) FROM tollgate.provider_credentials").fetchone() == (0,)


def test_a_change_needs_the_version_that_was_read(operator, deployment):
    path = f"/deployments/{deployment['id']}"
    assert "If-Match" in operator.refused("PATCH", path, {"weight": 50}, 428)
    etag = operator.get(path)["etag"]
    changed = operator("PATCH", path, {"weight": 50}, if_match=f'"{etag}"')
    assert changed["weight"] == 50 and changed["etag"] != etag
    operator.refused("PATCH", path, {"weight": 60}, 412, if_match=f'"{etag}"')
    assert operator.get(path)["weight"] == 50
    for path in ("/models/" + quote("rocket/one", safe=""), "/providers/rocket"):
        operator.refused("PATCH", path, {"status": "active" if "providers" in path else "published"}, 428)
        operator.refused("PATCH", path, {"status": "active" if "providers" in path else "published"}, 412,
                         if_match='"99999"')


def test_a_deployment_is_tuned(stack, operator, deployment):
    path = f"/deployments/{deployment['id']}"
    wanted = {"priority": -5, "weight": 7, "connect_timeout_ms": 1500, "first_token_timeout_ms": 9000,
              "idle_timeout_ms": 8000, "total_timeout_ms": 70000, "abort_policy": "drain", "trains": False,
              "retains": True, "free_on_purpose": True}
    changed = operator.patch(path, **wanted)
    assert {name: changed[name] for name in wanted} == wanted
    changed = operator.patch(path, trains=None, free_on_purpose=False, priority=0)
    assert changed["trains"] is None and changed["retains"] is True and not changed["free_on_purpose"]
    assert operator.get(path) == changed
    row, = stack.query("SELECT before, after FROM tollgate.audit_log WHERE action = 'deployment.update' "
                       "ORDER BY seq DESC LIMIT 1")
    assert row["before"]["trains"] is False and row["after"]["trains"] is None
    text = operator("GET", "/deployments?format=csv&provider=rocket")
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize("path, body, field", [
    ("deployment", {"status": "gone"}, "status"),
    ("deployment", {"status": None}, "status"),
    ("deployment", {"priority": 1000001}, "priority"),
    ("deployment", {"weight": 0}, "weight"),
    ("deployment", {"connect_timeout_ms": 0}, "connect_timeout_ms"),
    ("deployment", {"total_timeout_ms": 3600001}, "total_timeout_ms"),
    ("deployment", {"idle_timeout_ms": "5"}, "idle_timeout_ms"),
    ("deployment", {"first_token_timeout_ms": 1.5}, "first_token_timeout_ms"),
    ("deployment", {"abort_policy": "pray"}, "abort_policy"),
    ("deployment", {"trains": "no"}, "trains"),
    ("deployment", {"status_reason": "x" * 501}, "status_reason"),
    ("deployment", {"base_url": "https://evil.example"}, "base_url"),
    ("deployment", {}, ""),
    ("model", {"name": ""}, "name"),
    ("model", {"name": "x" * 201}, "name"),
    ("model", {"deprecated": 1}, "deprecated"),
    ("model", {"status": "new"}, "status"),
    ("provider", {"status": "retired"}, "status"),
    ("provider", {}, ""),
])
def test_a_patch_says_what_is_wrong_with_it(operator, deployment, path, body, field):
    paths = {"deployment": f"/deployments/{deployment['id']}", "model": "/models/rocket%2Fone",
             "provider": "/providers/rocket"}
    assert field in operator.refused("PATCH", paths[path], body, if_match="*")


@pytest.mark.parametrize("path", [
    "/deployments/dep_00000000000000000000000000", "/deployments/nonsense", "/models/a%2Fb", "/providers/nobody",
    "/prices/prc_00000000000000000000000000", "/credentials/pcr_00000000000000000000000000"])
def test_what_is_not_there_is_not_found(operator, path):
    operator.refused("GET", path, status=404)


@pytest.mark.parametrize("query", [
    "/models?status=gone", "/models?limit=0", "/models?limit=201", "/models?cursor=zz", "/models?colour=red",
    "/deployments?provider=", "/providers?status=on", "/provider-health?hours=0", "/provider-health?hours=169",
    "/provider-health?failing=maybe", "/prices?book=all", "/prices?deployment=key_1", "/prices?state=now",
    "/prices?tenant=x", "/credentials?status=on"])
def test_a_query_says_what_is_wrong_with_it(operator, query):
    operator.refused("GET", query, status=400)


def test_quarantine_and_release_reach_the_gateway(stack, operator, deployment):
    path = f"/deployments/{deployment['id']}"
    model = "openai/gpt-4.1-mini"
    until_status(stack, 200, model)
    rows = operator.all("/deployments", model=model)
    open_ones = [row for row in rows if row["status"] == "published"]
    for row in open_ones:
        operator.patch(f"/deployments/{row['id']}", status="quarantined", status_reason="a test")
    answer = until_status(stack, 404, model)
    assert answer.json()["error"]["code"] == "model_not_available"
    operator.patch(f"/deployments/{open_ones[0]['id']}", status="published")
    until_status(stack, 200, model)
    path = "/models/" + quote(model, safe="")
    operator.patch(path, status="retired", status_reason="too old")
    until_status(stack, 404, model)
    operator.patch(path, status="published")
    until_status(stack, 200, model)


# ---- providers ----

def test_a_provider_is_drained_and_taken_back(stack, operator, deployment):
    found, = operator.all("/providers", q="rocket")
    assert (found["id"], found["status"], found["deployments"], found["published"]) == ("rocket", "active", 1, 1)
    assert found["variables"] == [{"name": "ACCOUNT", "what": "the account's name"}]
    until_status(stack, 200)
    assert operator.patch("/providers/rocket", status="disabled")["status"] == "disabled"
    until_status(stack, 404)
    model, = operator.all("/models", q="rocket/one")
    assert model["sellable"] == 0
    assert operator.all("/providers", status="disabled")[0]["id"] == "rocket"
    operator.patch("/providers/rocket", status="active")
    until_status(stack, 200)


def test_health_counts_attempts_by_deployment(stack, operator, deployment):
    stack.event(until_status(stack, 200).headers["x-request-id"])  # and with it all that were before it
    before = {row["deployment"]: row for row in operator.all("/provider-health", hours=1)}
    stack.faults(fault="503", count=1)
    answer = stack.post("/v1/chat/completions", {"model": "rocket/one", "messages": HELLO, "stream": True})
    assert answer.status_code == 200, "it was tried again"
    stack.event(answer.headers["x-request-id"])
    after = {row["deployment"]: row for row in operator.all("/provider-health", hours=1, provider="rocket")}
    row = after[deployment["id"]]
    assert row["attempts"] == before[deployment["id"]]["attempts"] + 2
    assert row["model"] == "rocket/one" and row["failures"] == 1
    assert row["failure_rate"] == round(1 / row["attempts"], 6)
    assert row["p50_ms"] <= row["p95_ms"] and row["first_token_p95_ms"] >= 0
    assert "503" in row["last_failure"] and row["last_failure_at"] is not None
    assert [row["deployment"] for row in operator.all("/provider-health", failing="true")] == [deployment["id"]]
    assert operator("GET", "/provider-health?format=csv").startswith("provider,deployment,model")


# ---- prices ----

def price(deployment, **more):
    return {"deployment": deployment["id"], "effective_from": later(), "rates": [
        {"meter": "input", "per_million": "4.000001"}, {"meter": "output", "per_million": "16"},
        {"meter": "cache_read", "per_million": "0.5"},
        {"meter": "input", "mode": "batch", "context_over": 200000, "per_million": "999999999.999999"}], **more}


def test_a_price_is_shown_before_it_is_made_and_never_overwritten(stack, operator, deployment):
    versions = operator.all("/prices", deployment=deployment["id"], book="list")
    current, = [v for v in versions if v["state"] == "current"]
    dry = operator("POST", "/prices", price(deployment, dry_run=True), 201)
    assert dry["dry_run"] and dry["price"] is None and dry["replaces"] == current["id"]
    changes = {(c["meter"], c["mode"], c["context_over"]): (c["before"], c["after"]) for c in dry["changes"]}
    assert changes == {("input", "standard", 0): ("2", "4.000001"), ("output", "standard", 0): ("8", "16"),
                       ("cache_read", "standard", 0): (None, "0.5"),
                       ("input", "batch", 200000): (None, "999999999.999999")}
    assert operator.all("/prices", deployment=deployment["id"], book="list") == versions
    body = price(deployment, reason="they asked for more")
    made = operator("POST", "/prices", body, 201)
    assert made["replaces"] == current["id"] and made["changes"] == dry["changes"]
    new = made["price"]
    assert (new["state"], new["book"], new["source"]) == ("future", "list", "they asked for more")
    assert new["effective_from"] == body["effective_from"] and new["effective_until"] is None
    assert {(r["meter"], r["mode"]): r["per_million"] for r in new["rates"]}["input", "batch"] == "999999999.999999"
    assert operator.get(f"/prices/{new['id']}") == new
    assert operator.get(f"/prices/{current['id']}")["effective_until"] == new["effective_from"]
    assert [v["id"] for v in operator.all("/prices", deployment=deployment["id"], state="future")] == [new["id"]]
    assert "another price" in operator.refused("POST", "/prices", price(deployment), 409)
    row, = stack.query("SELECT * FROM tollgate.audit_log WHERE action = 'price.create' AND subject = %s", new["id"])
    assert row["before"]["id"] == current["id"] and row["after"]["id"] == new["id"]


def test_a_contracts_price_is_its_tenants_alone(stack, operator, deployment):
    other = stack.new_tenant(usd=None)
    made = operator("POST", "/prices", price(deployment, tenant=other["tenant"], rates=[
        {"meter": "input", "per_million": "1.9"}, {"meter": "output", "per_million": "7"}]), 201)
    assert made["replaces"] is None and made["changes"], "compared with everybody's"
    assert made["price"]["tenant"] == other["tenant"]
    assert [v["id"] for v in operator.all("/prices", tenant=other["tenant"])] == [made["price"]["id"]]


@pytest.mark.parametrize("change, field", [
    ({"deployment": None}, "deployment"),
    ({"deployment": "dep_00000000000000000000000000"}, "deployment"),
    ({"deployment": "dep_00000000000000000000000001"}, "deployment"),
    ({"book": "gift"}, "book"),
    ({"book": "cost", "tenant": "own"}, "tenant"),
    ({"tenant": "ten_00000000000000000000000000"}, "tenant"),
    ({"tenant": "ten_00000000000000000000000001"}, "tenant"),
    ({"effective_from": "soon"}, "effective_from"),
    ({"effective_from": "2026-01-01T00:00:00Z"}, "effective_from"),
    ({"rates": []}, "rates"),
    ({"rates": {}}, "rates"),
    ({"rates": [5]}, "rates[0]"),
    ({"rates": [{"meter": "input"}]}, "rates[0].per_million"),
    ({"rates": [{"meter": "words", "per_million": "1"}]}, "rates[0].meter"),
    ({"rates": [{"meter": "input", "per_million": "1.0000001"}]}, "rates[0].per_million"),
    ({"rates": [{"meter": "input", "per_million": "-1"}]}, "rates[0].per_million"),
    ({"rates": [{"meter": "input", "per_million": "1e3"}]}, "rates[0].per_million"),
    ({"rates": [{"meter": "input", "per_million": 1}]}, "rates[0].per_million"),
    ({"rates": [{"meter": "input", "per_million": "1", "mode": "slow"}]}, "rates[0].mode"),
    ({"rates": [{"meter": "input", "per_million": "1", "context_over": -1}]}, "rates[0].context_over"),
    ({"rates": [{"meter": "input", "per_million": "1", "unit": 1}]}, "rates[0].unit"),
    ({"rates": [{"meter": "input", "per_million": "1"}, {"meter": "input", "per_million": "2"}]}, "rates[1]"),
    ({"rates": [{"meter": "input", "per_million": "1"}]}, "rates"),
    ({"rates": [{"meter": "input", "per_million": "0"}, {"meter": "output", "per_million": "0"}]}, "rates"),
    ({"reason": "x" * 501}, "reason"),
])
def test_a_price_says_what_is_wrong_with_it(stack, operator, deployment, change, field):
    if change.get("tenant") == "own":
        change = {**change, "tenant": stack.tenant}
    body = {**price(deployment, effective_from=later(100000)), **change}
    assert field in operator.refused("POST", "/prices", body)
    assert len(operator.all("/prices", state="future", book="cost")) == 0


def move_to(stack, old, new, seconds):
    """Makes the planned change hold that soon: a test cannot wait ten minutes."""
    def uuid(version):
        return uuid_of(version)

    with psycopg.connect(stack.cluster.url(stack.database, "postgres")) as db:
        db.execute("SET session_replication_role = replica")
        at = db.execute("SELECT date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => %s)",
                        [seconds]).fetchone()[0]
        db.execute("UPDATE tollgate.price_versions SET effective = tstzrange(lower(effective), %s) "
                   "WHERE price_version_id = %s", [at, uuid(old)])
        db.execute("UPDATE tollgate.price_versions SET effective = tstzrange(%s, NULL) WHERE price_version_id = %s",
                   [at, uuid(new)])
    stack.change("UPDATE tollgate.snapshot_version SET version = version + 1")
    return at.timestamp()


def test_a_price_is_charged_from_its_time_on(stack, operator):
    model = "openai/gpt-4.1"
    deployments = [row for row in operator.all("/deployments", model=model) if row["status"] == "published"]
    old, new = {}, {}
    for row in deployments:
        made = operator("POST", "/prices", {
            "deployment": row["id"], "effective_from": later(),
            "rates": [{"meter": "input", "per_million": "1000"}, {"meter": "output", "per_million": "2000"}]}, 201)
        old[row["id"]], new[row["id"]] = made["replaces"], made["price"]["id"]
    tenant = stack.new_tenant()
    one = deployments[0]["provider"]
    before = call(stack, tenant["key"], model, only=one)
    assert before.status_code == 200
    at = max(move_to(stack, old[row["id"]], new[row["id"]], 3) for row in deployments)
    still = call(stack, tenant["key"], model, only=one)
    wait_until(lambda: time.time() > at, "the new price holds")
    after = call(stack, tenant["key"], model, only=one)
    assert stack.gateway.metrics()["tollgate_snapshot_refused_total"] == 0
    charges = []
    for answer in (before, still, after):
        event = stack.event(answer.headers["x-request-id"])
        assert event["charge_pico"] == event["told_pico"] > 0 and event["overrun_pico"] == 0
        assert Decimal(str(answer.json()["usage"]["cost"])) * 10**12 == event["charge_pico"]
        charges.append((event["price_version_id"], event["charge_pico"], event))
    assert charges[0][0] == charges[1][0] != charges[2][0], "known ahead, used from its time on"
    event = charges[2][2]
    assert event["base_pico"] == event["input_tokens"] * 1000 * 10**6 + event["output_tokens"] * 2000 * 10**6
