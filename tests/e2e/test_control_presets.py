"""Routing presets, a tenant's routing rules, drains and probes: through the control plane and tollgatectl, and what gateways get."""

import json
import os

import pytest

from support.control import problem
from support.ctl import Ctl
from support.people import *  # noqa: F403

CHAT, OTHER = "openai/gpt-4.1", "openai/gpt-4.1-mini"
ONE = {"model": CHAT}
BOTH = {"strategy": {"mode": "fallback", "on_status_codes": [429, 503]},
        "targets": [{"name": "first", "model": CHAT, "provider": {"only": ["openai"]}}, {"model": OTHER}]}
SHARES = {"strategy": {"mode": "loadbalance", "sticky": "user"},
          "targets": [{"name": "a", "weight": 95, "model": CHAT}, {"name": "b", "weight": 5, "model": OTHER}]}


def fresh_name():
    return f"p-{os.urandom(4).hex()}"


@pytest.fixture(scope="module")
def tenant(owner):
    return owner.who["tenant"]["id"]


@pytest.fixture(scope="module")
def presets(tenant):
    return f"/tenants/{tenant}/presets"


@pytest.fixture
def routing(owner, tenant):
    """The path of the rules, which are as they were when the test is over."""
    path = f"/tenants/{tenant}/routing"
    yield path
    assert owner.patch(path, {"preset": None, "strategy": None, "continue_on_failure": False, "hedge": False, "zdr": False,
                              "data_collection": "allow", "regions": None}).status_code == 200


@pytest.fixture(scope="module")
def deployment(operator):
    return operator.get("/deployments", model=CHAT)["data"][0]["id"]


def put(browser, path, body, etag="*"):
    return browser.call("PUT", path, {"body": body}, headers={"if-match": etag if etag == "*" else f'"{etag}"'})


def delete(browser, path):
    return browser.call("DELETE", path, headers={"if-match": "*"})


def make(browser, presets, body=None):
    return browser.post(presets, {"name": fresh_name(), "body": body or ONE})


# ---- presets ----

def test_a_preset_has_versions_and_one_goes_back(owner, presets):
    made = make(owner, presets, BOTH)
    path = f"{presets}/{made['name']}"
    assert made["id"].startswith("pst_") and made["version"] == 1 and made["body"] == BOTH and made["default_of"] == []
    assert owner.get(path) == made
    second = put(owner, path, SHARES, made["etag"])
    assert second.status_code == 200 and second.json()["version"] == 2 and second.json()["body"] == SHARES
    assert second.headers["etag"] == f'"{second.json()["etag"]}"' and second.json()["updated_by"] == owner.who["id"]
    problem(put(owner, path, ONE, made["etag"]), 412, "changed")
    problem(owner.call("PUT", path, {"body": ONE}), 428, "needs_match")
    assert put(owner, path, SHARES).json() == second.json(), "what it is already makes no version"
    old = owner.get(f"{path}/versions/1")
    assert old["body"] == BOTH and old["current"] is False
    back = put(owner, path, old["body"]).json()
    assert back["version"] == 3 and back["body"] == BOTH
    versions = owner.get(f"{path}/versions")["data"]
    assert [(one["version"], one["current"]) for one in versions] == [(3, True), (2, False), (1, False)]
    assert "body" not in versions[0]
    page = owner.get(f"{path}/versions", limit=2)
    assert [one["version"] for one in owner.get(f"{path}/versions", cursor=page["next_cursor"])["data"]] == [1]
    for wrong in ("0", "4", "x", "-1", "99999999999999999999"):
        problem(owner.call("GET", f"{path}/versions/{wrong}"), 404, "not_found")


def test_the_body_stays_as_it_was_written(plane, owner, presets):
    text = '{"targets":[{"weight":1.50,"model":"%s"}],"strategy":{"mode":"loadbalance"}}' % CHAT
    answer = owner.call("POST", presets, content=f'{{"name":"{fresh_name()}","body":{text}}}',
                        headers={"content-type": "application/json"})
    assert answer.status_code == 201 and text in answer.text


def test_presets_are_listed_and_found(owner, presets):
    word = os.urandom(4).hex()
    for letter in "bca":
        owner.post(presets, {"name": f"{word}.{letter}", "body": ONE})
    page = owner.get(presets, q=word.upper(), limit=2)
    assert [one["name"][-1] for one in page["data"]] == ["a", "b"] and "body" not in page["data"][0]
    assert [one["name"][-1] for one in owner.get(presets, q=word, cursor=page["next_cursor"])["data"]] == ["c"]
    assert owner.call("GET", presets, params={"q": word, "format": "csv"}).text.count("\r\n") == 4


def test_a_name_is_free_again_and_taken_once(owner, presets):
    made = make(owner, presets)
    body = {"name": made["name"], "body": ONE}
    problem(owner.call("POST", presets, body), 409, "conflict")
    key = {"idempotency-key": os.urandom(8).hex()}
    problem(owner.call("DELETE", f"{presets}/{made['name']}"), 428, "needs_match")
    assert delete(owner, f"{presets}/{made['name']}").status_code == 204
    problem(owner.call("GET", f"{presets}/{made['name']}"), 404, "not_found")
    problem(owner.call("GET", f"{presets}/{made['name']}/versions/1"), 404, "not_found")
    again = owner.call("POST", presets, body, headers=key).json()
    assert again["id"] != made["id"] and again["version"] == 1
    assert owner.call("POST", presets, body, headers=key).json() == again


@pytest.mark.parametrize("body, field, said", [
    ({"model": "openai/gpt-9"}, "body.model", "there is no model"),
    ({"model": "gpt-4.1"}, "body.model", f'there is {CHAT}'),
    ({**BOTH, "targets": [{"model": CHAT}, {"model": "nobody/nothing"}]}, "body.targets[1].model", "nobody/nothing"),
    ({"model": CHAT, "provider": {"order": ["openai", "opanai"]}}, "body.provider.order[1]", "opanai"),
    ({"model": CHAT, "provider": {"sort": "luck"}}, "body.provider.sort", "latency"),
    ({"model": CHAT, "weigth": 1}, "body.weigth", ""),
    ({**SHARES, "targets": [{"weight": 0, "model": CHAT}]}, "body.targets[0].weight", "above 0"),
    ({"strategy": {"mode": "roulette"}, "targets": [{"model": CHAT}]}, "body.strategy.mode", "loadbalance"),
    ({"strategy": {"mode": "conditional", "conditions": [{"query": {"params.x": 1}, "then": "there"}]},
      "targets": [{"name": "here", "model": CHAT}]}, "body.strategy.conditions[0].then", "none of the targets"),
    ({**SHARES, "targets": [{"name": "a", "model": CHAT}, {"name": "a", "model": OTHER}]}, "body.targets[1].name", ""),
    ([ONE], "body", "object"),
    ({"model": CHAT, "name": "x" * 70000}, "body", "64 KiB"),
], ids=lambda value: value if isinstance(value, str) and value.startswith("body") else "")
def test_what_makes_no_sense_is_refused_with_its_place(owner, presets, body, field, said):
    found = problem(owner.call("POST", presets, {"name": fresh_name(), "body": body}), 422, "invalid_field")
    assert [one["field"] for one in found["errors"]] == [field], found
    assert said in found["errors"][0]["message"], found


def test_all_names_that_are_unknown_are_told(owner, presets):
    body = {**BOTH, "targets": [{"model": "no/a", "provider": {"ignore": ["nope"]}}, {"model": "no/b:floor"}, {"model": f"{CHAT}:nitro"}]}
    found = problem(owner.call("POST", presets, {"name": fresh_name(), "body": body}), 422, "invalid_field")
    assert sorted(one["field"] for one in found["errors"]) == [
        "body.targets[0].model", "body.targets[0].provider.ignore[0]", "body.targets[1].model"]


@pytest.mark.parametrize("name", ["", "Fast", "a b", "-a", "a/b", "x" * 65, "ä"])
def test_names_are_plain(owner, presets, name):
    found = problem(owner.call("POST", presets, {"name": name, "body": ONE}), 422, "invalid_field")
    assert [one["field"] for one in found["errors"]] == ["name"]


def test_what_the_audit_log_could_not_keep_is_refused(owner, presets):
    body = {"strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.x": {"$eq": "\u0000"}}, "then": "a"}], "default": "a"},
            "targets": [{"name": "a", "model": CHAT}]}
    answer = owner.call("POST", presets, {"name": fresh_name(), "body": body})
    assert answer.status_code == 422, answer.text


def test_a_tenant_has_so_many_and_no_more(stack, operator, plane):
    tenant = stack.new_tenant()["tenant"]
    path = f"/tenants/{tenant}/presets"
    large = {**BOTH, "targets": [{"model": CHAT, "override_params": {"system": "x" * 60000}}]}
    made = [operator.post(path, {"name": f"n{i}", "body": large}) for i in range(17)]
    found = problem(operator.call("POST", path, {"name": "more", "body": large}), 409, "conflict")
    assert "1024 KiB" in found["detail"]
    assert put(operator, f"{path}/n0", {**large, "strategy": {"mode": "fallback"}}).status_code == 200, "its own room is its own"
    assert delete(operator, f"{path}/{made[1]['name']}").status_code == 204
    operator.post(path, {"name": "more", "body": large})


# ---- defaults and rules ----

def test_a_default_is_the_tenant_s_a_project_s_or_a_key_s_and_is_not_deleted(owner, presets, tenant, routing):
    made = make(owner, presets)
    name, path = made["name"], f"{presets}/{made['name']}"
    project = owner.post(f"/tenants/{tenant}/projects", {"name": fresh_name(), "preset": name})
    key = owner.post(f"/tenants/{tenant}/keys", {"name": "of presets", "preset": name})["key"]
    assert project["preset"] == key["preset"] == name
    assert owner.patch(routing, {"preset": name}).json()["preset"] == name
    assert owner.get(path)["default_of"] == [tenant, project["id"], key["id"]]
    found = problem(delete(owner, path), 409, "conflict")
    assert f"the tenant, the project {project['name']}, the key of presets" in found["detail"]
    for where in (routing, f"/tenants/{tenant}/projects/{project['id']}", f"/tenants/{tenant}/keys/{key['id']}"):
        found = problem(owner.patch(where, {"preset": "no-such"}), 422, "invalid_field")
        assert found["errors"][0]["field"] == "preset" and name in found["errors"][0]["message"]
    assert owner.patch(routing, {"preset": None}).json()["preset"] is None
    assert owner.patch(f"/tenants/{tenant}/projects/{project['id']}", {"preset": None}).json()["preset"] is None
    problem(delete(owner, path), 409, "conflict")
    owner.post(f"/tenants/{tenant}/keys/{key['id']}/revoke")
    assert delete(owner, path).status_code == 204, "a revoked key calls nothing any more"
    problem(owner.call("POST", f"/tenants/{tenant}/keys", {"name": "m", "kind": "mgmt", "scopes": ["routing:read"], "preset": name}),
            422, "invalid_field")


def test_another_tenant_s_preset_is_none(owner, operator, other_tenant, presets, routing):
    theirs = make(operator, f"/tenants/{other_tenant}/presets")
    problem(owner.patch(routing, {"preset": theirs["name"]}), 422, "invalid_field")
    problem(owner.call("GET", f"{presets}/{theirs['name']}"), 404, "not_found")


def test_rules_are_changed_by_member(owner, routing):
    rules = owner.get(routing)
    assert rules["strategy"] is None and not rules["hedge"] and rules["data_collection"] == "allow" and rules["regions"] is None
    first = owner.patch(routing, {"hedge": True, "regions": ["eu", "us-east-1"]}, etag=rules["etag"]).json()
    assert first["hedge"] and first["regions"] == ["eu", "us-east-1"] and not first["zdr"]
    problem(owner.patch(routing, {"zdr": True}, etag=rules["etag"]), 412, "changed")
    second = owner.patch(routing, {"strategy": "latency", "zdr": True, "data_collection": "deny"}, etag=first["etag"]).json()
    assert {**second, "etag": None} == {**first, "strategy": "latency", "zdr": True, "data_collection": "deny", "etag": None}
    assert owner.get(routing) == second
    for wrong in ({"strategy": "luck"}, {"regions": []}, {"regions": ["EU"]}, {"hedge": None}, {"data_collection": "maybe"}, {"x": 1}, {}):
        assert owner.patch(routing, wrong).status_code == 422, wrong


def test_who_may(owner, sign_in, presets, routing):
    made = make(owner, presets)
    developer, viewer = sign_in("developer"), sign_in("viewer")
    assert put(developer, f"{presets}/{made['name']}", BOTH).status_code == 200
    problem(developer.patch(routing, {"hedge": True}), 403, "forbidden")
    assert viewer.get(f"{presets}/{made['name']}")["body"] == BOTH and viewer.get(routing)
    problem(put(viewer, f"{presets}/{made['name']}", ONE), 403, "forbidden")


def test_changes_stand_in_the_audit_log(owner, operator, presets, routing, tenant, deployment):
    made = make(owner, presets)
    put(owner, f"{presets}/{made['name']}", BOTH)
    owner.patch(routing, {"hedge": True})
    delete(owner, f"{presets}/{made['name']}")
    log = owner.get(f"/tenants/{tenant}/audit", subject=made["id"])["data"]
    assert [one["action"] for one in log] == ["preset.delete", "preset.update", "preset.create"]
    assert log[1]["before"]["body"] == ONE and log[1]["after"]["body"] == BOTH and log[0]["after"] is None
    assert owner.get(f"/tenants/{tenant}/audit", action="routing.update")["data"][0]["after"]["hedge"] is True


# ---- deployments ----

def test_a_deployment_is_drained_and_comes_back(stack, operator, owner, deployment):
    path = f"/deployments/{deployment}"
    problem(operator.call("POST", f"{path}/drain", {}), 422, "invalid_field")
    problem(owner.call("POST", f"{path}/drain", {"reason": "x"}), 403, "forbidden")
    first = operator.post(f"{path}/drain", {"reason": "moves"})
    assert first["drained_at"] and first["drained_by"] == operator.who["id"] and first["drain_reason"] == "moves"
    assert [one["id"] for one in operator.get("/deployments", drained="true")["data"]] == [deployment]
    assert deployment not in [one["id"] for one in operator.get("/deployments", drained="false", model=CHAT)["data"]]
    second = operator.post(f"{path}/drain", {"reason": "moves on"})
    assert second["drained_at"] == first["drained_at"] and second["drain_reason"] == "moves on"
    after = operator.post(f"{path}/undrain", {"reason": "has moved"})
    assert after["drained_at"] is after["drained_by"] is after["drain_reason"] is None
    log = operator.get("/audit", subject=deployment)["data"]
    assert [one["action"] for one in log[:3]] == ["deployment.undrain", "deployment.drain", "deployment.drain"]
    assert log[0]["after"]["reason"] == "has moved" and log[0]["after"]["drained_at"] is None


def test_probes_are_off_until_they_are_wanted(operator, deployment):
    path = f"/deployments/{deployment}"
    before = operator.get(path)
    assert before["probe_interval_s"] == 0 and before["probe_daily_cap"] == "0.1"
    after = operator.patch(path, {"probe_interval_s": 30, "probe_daily_cap": "0.05"}).json()
    assert after["probe_interval_s"] == 30 and after["probe_daily_cap"] == "0.05"
    found = problem(operator.patch(path, {"probe_interval_s": 4}), 422, "invalid_field")
    assert "5 to 86400" in found["errors"][0]["message"]
    problem(operator.patch(path, {"probe_daily_cap": "1000.01"}), 422, "invalid_field")
    assert operator.patch(path, {"probe_interval_s": 0, "probe_daily_cap": "0.1"}).status_code == 200


# ---- tollgatectl ----

@pytest.fixture(scope="module")
def ctl(stack, plane, tmp_path_factory):
    """Of the tenant's owner, and of the operator."""
    found = []
    for who in ("MEMBER", "OPERATOR"):
        one = Ctl(tmp_path_factory.mktemp("ctl"), url=plane.url)
        secret = one.file("password", stack.boot[f"TOLLGATE_{who}_PASSWORD"] + "\n")
        one("login", stack.boot[f"TOLLGATE_{who}_EMAIL"], "--password-file", secret)
        found.append(one)
    return found


def test_presets_at_the_command_line(ctl, owner, tenant, routing):
    mine, name = ctl[0], fresh_name()
    file = mine.file("preset.json", json.dumps(BOTH))
    assert mine("presets put", name, file).fields["VERSION"] == "1"
    assert mine("presets put", name, "-", stdin=json.dumps(SHARES)).fields["VERSION"] == "2"
    assert json.loads(mine("presets show", name, "--body").out) == SHARES
    old = mine("presets show", name, "--version 1 --body").out
    assert json.loads(old) == BOTH
    assert mine("presets put", name, "-", stdin=old, ).fields["VERSION"] == "3"
    assert [line.split()[0] for line in mine("presets versions", name).out.splitlines()[1:]] == ["3", "2", "1"]
    assert name in mine("presets list --q", name).out
    assert "there is no model" in mine.refused("presets put", name, "-", stdin='{"model": "no/thing"}')
    assert "at byte" in mine.refused("presets put", name, "-", stdin="{", code=2)
    key = owner.post(f"/tenants/{tenant}/keys", {"name": "of the command line"})["key"]["id"]
    assert mine("presets use", name, "--key", key).fields["PRESET"] == name
    assert mine("presets use", name).fields["PRESET"] == name
    assert mine("routing show").fields["PRESET"] == name
    assert "the default of the tenant, the key of the command line" in mine.refused("presets delete", name, "--yes")
    mine("presets use none")
    mine("keys update", key, "--preset none")
    assert mine("presets delete", name, "--yes").err == "Deleted.\n"
    assert "no such preset" in mine.refused("presets show", name)


def test_routing_rules_at_the_command_line(ctl, owner, routing):
    mine = ctl[0]
    mine("routing update --hedge on --strategy price --regions eu,us --data-collection deny")
    rules = owner.get(routing)
    assert rules["hedge"] and rules["strategy"] == "price" and rules["regions"] == ["eu", "us"] and rules["data_collection"] == "deny"
    mine("routing update --hedge off --strategy none --regions none")
    rules = owner.get(routing)
    assert not rules["hedge"] and rules["strategy"] is None and rules["regions"] is None
    assert "on, off" in mine.refused("routing update --hedge maybe", code=2)


def test_deployments_at_the_command_line(ctl, operator, deployment):
    ours = ctl[1]
    assert ours("deployments", "drain", deployment, "--reason", "moves tonight", exact=True).fields["REASON"] == "moves tonight"
    assert operator.get(f"/deployments/{deployment}")["drained_at"]
    ours("deployments undrain", deployment, "--reason back")
    ours("deployments probe", deployment, "--every 60 --daily-cap 0.02")
    assert operator.get(f"/deployments/{deployment}")["probe_daily_cap"] == "0.02"
    ours("deployments probe", deployment, "--every 0 --daily-cap 0.1")
