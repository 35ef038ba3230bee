"""Tenants, keys, plans and money through the control plane, with the gateway and billing that live by them."""

import csv
import datetime
import io
import os
import re

import httpx
import pytest

from support.answers import Answers
from support.ids import uuid_of
from support.process import wait_until

CHAT = "openai/gpt-4.1"
GOOD = {"model": CHAT, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
DEAR = {**GOOD, "max_tokens": 4000}
PASSWORD = "quiet horses walk at dawn"
ANSWERS = Answers()
NOBODY = "0" * 25 + "1"  # an id that nothing has
USD = re.compile(r"^-?[0-9]+(\.[0-9]{1,12})?$")


class Caller:
    """Someone who calls the control plane: an operator, a member or a management key."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def ask(self, method, path, body=None, etag=None, key=None, **params):
        headers = {"authorization": f"Bearer {self.token}"}
        if etag is not None:
            headers["if-match"] = etag if etag == "*" else f'"{etag}"'
        if key is not None:
            headers["idempotency-key"] = key
        answer = httpx.request(method, f"{self.url}/control/v1{path}", json=body, headers=headers, params=params,
                               timeout=30)
        if "json" in answer.headers["content-type"]:
            ANSWERS.check(method, path, answer.status_code, answer.json())
        return answer

    def get(self, path, **params):
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path, body, **more):
        answer = self.ask("POST", path, body, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def patch(self, path, body, etag="*"):
        answer = self.ask("PATCH", path, body, etag)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path, **params):
        """All rows of a list, one a page."""
        rows, cursor = [], None
        while True:
            page = self.get(path, limit=1, **params, **({"cursor": cursor} if cursor else {}))
            assert len(page["data"]) <= 1
            rows += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows


def refused(answer, status, *fields):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    if fields:
        assert sorted(error["field"] for error in problem["errors"]) == sorted(fields), problem
    return problem


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(control=True)


@pytest.fixture(scope="module")
def operator(stack):
    return Caller(stack.url, stack.boot["TOLLGATE_OPERATOR_TOKEN"])


@pytest.fixture(scope="module")
def world(operator):
    """A tenant with credit, and a member of each role."""
    tenant = operator.post("/tenants", {"name": "World"})
    path = f"/tenants/{tenant['id']}"
    operator.post(f"{path}/credits", {"amount": "100"}, key=os.urandom(8).hex())
    members = {}
    for role in ("owner", "admin", "billing", "developer", "viewer"):
        email = f"{role}@world.example"
        operator.post(f"{path}/members", {"email": email, "role": role, "password": PASSWORD})
        session = httpx.post(f"{operator.url}/control/v1/session", timeout=30,
                             json={"email": email, "password": PASSWORD, "bearer": True})
        assert session.status_code == 201, session.text
        members[role] = Caller(operator.url, session.json()["token"])
    return {"tenant": tenant["id"], "path": path, **members}


def status(stack, secret, body=None):
    return stack.post("/v1/chat/completions", body or GOOD, key=secret).status_code


def settles(stack, secret, wanted, body=None):
    wait_until(lambda: status(stack, secret, body) == wanted, f"the gateway answers {wanted}", 10)


def from_now(**more):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**more)).isoformat()


# ---- tenants ----

def test_a_tenant_is_made_read_and_changed(operator):
    made = operator.post("/tenants", {"name": "First & Söhne", "plan": "pro", "billing_mode": "postpaid",
                                      "credit_limit": "12.50"})
    assert (made["plan"], made["billing_mode"], made["free"], made["credit_limit"]) == ("pro", "postpaid", "12.5", "12.5")
    assert (made["charge_30d"], made["cost_30d"], made["requests_30d"], made["status"]) == ("0", "0", 0, "active")
    path = f"/tenants/{made['id']}"
    answer = operator.ask("GET", path)
    assert answer.json() == made and answer.headers["etag"].strip('W/"') == made["etag"]
    assert made["id"] in [row["id"] for row in operator.get("/tenants", q="& SÖ".replace("Ö", "ö"))["data"]]
    assert operator.get("/tenants", q="%")["data"] == []
    changed = operator.patch(path, {"status": "suspended", "credit_limit": "0.000000000001", "name": "Second"},
                             made["etag"])
    assert (changed["name"], changed["status"], changed["credit_limit"]) == ("Second", "suspended", "0.000000000001")
    assert int(changed["etag"]) > int(made["etag"])
    refused(operator.ask("PATCH", path, {"name": "x"}, made["etag"]), 412)
    refused(operator.ask("PATCH", path, {"name": "x"}), 428)
    refused(operator.ask("PATCH", path, {}, "*"), 422)


@pytest.mark.parametrize("body, fields", [
    ({}, ["name"]),
    ({"name": ""}, ["name"]),
    ({"name": "x" * 201}, ["name"]),
    ({"name": 7}, ["name"]),
    ({"name": "x", "plan": "gold"}, ["plan"]),
    ({"name": "x", "billing_mode": "later"}, ["billing_mode"]),
    ({"name": "x", "credit_limit": "1"}, ["credit_limit"]),
    ({"name": "x", "billing_mode": "postpaid", "credit_limit": 1}, ["credit_limit"]),
    ({"name": "x", "billing_mode": "postpaid", "credit_limit": "-1"}, ["credit_limit"]),
    ({"name": "x", "billing_mode": "postpaid", "credit_limit": "0.0000000000001"}, ["credit_limit"]),
    ({"name": "x", "status": "active"}, ["status"]),
    ({"name": "x", "plan": "gold", "credit_limit": "1"}, ["credit_limit", "plan"]),
])
def test_a_tenant_that_cannot_be(operator, body, fields):
    refused(operator.ask("POST", "/tenants", body), 422, *fields)


def test_a_tenant_changes_its_name_alone(operator, world):
    path = world["path"]
    for role in ("owner", "admin"):
        assert world[role].patch(path, {"name": f"World of {role}"})["cost_30d"] is None
        problem = refused(world[role].ask("PATCH", path, {"name": "x", "credit_limit": "9", "status": "active"}, "*"), 403)
        assert "credit_limit" in problem["detail"] and "status" in problem["detail"]
    for role in ("billing", "developer", "viewer"):
        refused(world[role].ask("PATCH", path, {"name": "x"}, "*"), 403)
        assert world[role].get(path)["name"] == "World of admin"
    refused(world["owner"].ask("GET", "/tenants"), 403)
    rows = operator.get(f"{path}/audit")["data"]
    assert [(row["before"]["name"], row["after"]["name"]) for row in rows if row["action"] == "tenant.update"] == [
        ("World of owner", "World of admin"), ("World", "World of owner")]


def test_what_is_anothers_is_not_there(operator, world):
    other = operator.post("/tenants", {"name": "Other"})
    path = f"/tenants/{other['id']}"
    key = operator.post(f"{path}/keys", {"name": "theirs"})["key"]
    for what in ("", "/keys", "/projects", "/balance", "/credits", "/ledger", "/invoices", "/subscriptions",
                 f"/keys/{key['id']}"):
        refused(world["owner"].ask("GET", path + what), 404)
    for who in (world["owner"], operator):
        own = world["path"]
        refused(who.ask("GET", f"{own}/keys/{key['id']}"), 404)
        refused(who.ask("PATCH", f"{own}/keys/{key['id']}", {"name": "x"}, "*"), 404)
        refused(who.ask("POST", f"{own}/keys/{key['id']}/rotate", {}), 404)
        refused(who.ask("POST", f"{own}/keys/{key['id']}/revoke", {}), 404)
        refused(who.ask("GET", f"{own}/projects/{key['project']}"), 404)
        refused(who.ask("PATCH", f"{own}/projects/{key['project']}", {"name": "x"}, "*"), 404)
        refused(who.ask("POST", f"{own}/keys", {"name": "x", "project": key["project"]}), 422, "project")
    nobody = "/tenants/ten_" + NOBODY
    for what in ("", "/keys", "/projects", "/balance", "/credits", "/ledger", "/invoices", "/subscriptions"):
        refused(operator.ask("GET", nobody + what), 404)
    refused(operator.ask("POST", f"{nobody}/keys", {"name": "x"}), 404)
    refused(operator.ask("POST", f"{nobody}/projects", {"name": "x"}), 404)


def test_a_suspended_tenant_is_refused_by_the_gateway(stack, operator):
    made = stack.new_tenant()
    assert status(stack, made["key"]) == 200
    operator.patch(f"/tenants/{made['tenant']}", {"status": "suspended"})
    settles(stack, made["key"], 403)
    operator.patch(f"/tenants/{made['tenant']}", {"status": "active"})
    settles(stack, made["key"], 200)


# ---- money ----

def test_credit_is_given_once_for_each_key(operator):
    path = f"/tenants/{operator.post('/tenants', {'name': 'Given'})['id']}"
    refused(operator.ask("POST", f"{path}/credits", {"amount": "1"}), 400)
    until = from_now(days=3)
    made = operator.ask("POST", f"{path}/credits", {"amount": "7.5", "reason": "hello", "expires_at": until}, key="once")
    assert made.status_code == 201, made.text
    credit = made.json()
    assert (credit["amount"], credit["used"], credit["kind"], credit["reason"]) == ("7.5", "0", "promo", "hello")
    again = operator.ask("POST", f"{path}/credits", {"amount": "7.5", "reason": "hello", "expires_at": until}, key="once")
    assert again.json() == credit
    refused(operator.ask("POST", f"{path}/credits", {"amount": "8"}, key="once"), 422)
    operator.post(f"{path}/credits", {"amount": "0.000000000001"}, key="twice")
    assert [row["amount"] for row in operator.pages(f"{path}/credits")] == ["0.000000000001", "7.5"]
    balance = operator.get(f"{path}/balance")
    assert balance["free"] == balance["promo"] == "7.500000000001"
    assert balance["days_left"] is None and balance["period_no"] == 1
    for body, field in (({"amount": "0"}, "amount"), ({"amount": "-1"}, "amount"), ({}, "amount"),
                        ({"amount": "1", "expires_at": from_now(days=-1)}, "expires_at"),
                        ({"amount": "1", "reason": "x" * 501}, "reason"), ({"amount": "1", "kind": "paid"}, "kind")):
        refused(operator.ask("POST", f"{path}/credits", body, key=os.urandom(8).hex()), 422, field)
    entries = operator.pages(f"{path}/ledger")
    assert sorted((row["account"], row["amount"]) for row in entries) == [
        ("promo", "-0.000000000001"), ("promo", "-7.5"), ("promo_expense", "0.000000000001"), ("promo_expense", "7.5")]
    assert {row["reference"]["credit"] for row in entries} == {row["id"] for row in operator.get(f"{path}/credits")["data"]}
    assert [row["amount"] for row in operator.get(f"{path}/ledger", account="promo")["data"]] == [
        "-0.000000000001", "-7.5"]
    assert operator.get(f"{path}/ledger", to=from_now(days=-1))["data"] == []
    assert len(operator.get(f"{path}/ledger", **{"from": from_now(days=-1)})["data"]) == 4
    refused(operator.ask("GET", f"{path}/ledger", **{"from": "yesterday"}), 400, "from")


def test_who_reads_the_money(world):
    path = world["path"]
    for what in ("credits", "ledger", "invoices"):
        refused(world["developer"].ask("GET", f"{path}/{what}"), 403)
        for role in ("owner", "admin", "billing", "viewer"):
            world[role].get(f"{path}/{what}")
    for role in ("owner", "admin", "billing", "developer", "viewer"):
        assert USD.match(world[role].get(f"{path}/balance")["free"])
        world[role].get(f"{path}/subscriptions")
        refused(world[role].ask("POST", f"{path}/credits", {"amount": "1"}, key="mine"), 403)
        refused(world[role].ask("POST", f"{path}/subscriptions", {"plan": "pro"}), 403)


def test_a_tenant_sees_its_part_of_a_batch_and_what_it_used(stack, operator, world):
    made = world["owner"].post(f"{world['path']}/keys", {"name": "uses"})
    settles(stack, made["secret"], 200)
    answer = stack.post("/v1/chat/completions", GOOD, key=made["secret"])
    charge = stack.event(answer.headers["x-generation-id"])["charge_pico"]
    calls = len(stack.events(key_id=uuid_of(made["key"]["id"])))
    wait_until(lambda: stack.query("SELECT coalesce(sum(requests), 0) AS n FROM tollgate.usage_hourly WHERE key_id = %s",
                                   uuid_of(made["key"]["id"]))[0]["n"] >= calls, "all calls are in the hours")
    key = world["viewer"].get(f"{world['path']}/keys/{made['key']['id']}")
    assert round(float(key["spent"]) * 1e12) >= charge and key["last_used_at"] is not None
    usage = [row for row in world["viewer"].get(f"{world['path']}/ledger", limit=200)["data"] if row["kind"] == "usage"]
    assert {"promo", "rev_usage"} <= {row["account"] for row in usage}
    assert all(row["account"] not in ("cogs", "provider_payable") for row in usage)
    tenant = operator.get(world["path"])
    assert tenant["requests_30d"] >= 1 and float(tenant["charge_30d"]) > 0
    assert world["viewer"].get(world["path"])["cost_30d"] is None


def test_a_plan_is_subscribed_to_from_now_on(operator):
    path = f"/tenants/{operator.post('/tenants', {'name': 'Subscribes'})['id']}"
    made = operator.post(f"{path}/subscriptions", {"plan": "business"})
    assert (made["plan"], made["markup_percent"], made["monthly_fee"]) == ("business", "3", "99.00")
    rows = operator.pages(f"{path}/subscriptions")
    assert [row["plan"] for row in rows] == ["business", "free"]
    assert rows[0]["effective_until"] is None and rows[1]["effective_until"] == rows[0]["effective_from"]
    refused(operator.ask("POST", f"{path}/subscriptions", {"plan": "business"}), 409)
    refused(operator.ask("POST", f"{path}/subscriptions", {"plan": "gold"}), 422, "plan")
    refused(operator.ask("POST", f"{path}/subscriptions", {}), 422, "plan")
    assert operator.get(path)["plan"] == "business"


# ---- plans ----

def test_a_plans_version_from_tomorrow_ends_the_one_of_today(operator, world):
    body = {"plan": "team", "name": "Team", "markup_percent": "5.5", "monthly_fee": "19.90"}
    first = operator.post("/plans", body)
    assert (first["markup_percent"], first["monthly_fee"], first["state"]) == ("5.5", "19.90", "current")
    assert (first["subscribers"], first["listed"], first["effective_until"]) == (0, True, None)
    tomorrow = from_now(days=1)
    second = operator.post("/plans", {**body, "markup_percent": "0.0001", "effective_from": tomorrow,
                                      "volume_threshold": "1000", "volume_discount_percent": "2"})
    assert (second["state"], second["markup_percent"], second["volume_threshold"]) == ("future", "0.0001", "1000")
    assert operator.get(f"/plans/{first['id']}")["effective_until"] == second["effective_from"]
    refused(operator.ask("POST", "/plans", {**body, "effective_from": tomorrow}), 409)
    refused(operator.ask("POST", "/plans", body), 409)
    assert [row["id"] for row in operator.pages("/plans", plan="team")] == [second["id"], first["id"]]
    assert [row["id"] for row in operator.get("/plans", plan="team", state="future")["data"]] == [second["id"]]
    shown = world["viewer"].get(f"/plans/{first['id']}")
    assert shown["subscribers"] is None and shown["created_by"] == ""
    hidden = operator.post("/plans", {**body, "plan": "contract", "listed": False})
    refused(world["viewer"].ask("GET", f"/plans/{hidden['id']}"), 404)
    refused(world["owner"].ask("POST", "/plans", body), 403)
    refused(operator.ask("GET", "/plans/pln_" + NOBODY), 404)


@pytest.mark.parametrize("change, fields", [
    ({"plan": "Team"}, ["plan"]),
    ({"plan": ""}, ["plan"]),
    ({"name": ""}, ["name"]),
    ({"markup_percent": 5}, ["markup_percent"]),
    ({"markup_percent": "5e1"}, ["markup_percent"]),
    ({"markup_percent": "-1"}, ["markup_percent"]),
    ({"markup_percent": "1.00001"}, ["markup_percent"]),
    ({"markup_percent": "1000"}, ["markup_percent"]),
    ({"discount_percent": "100.0001"}, ["discount_percent"]),
    ({"monthly_fee": "1.001"}, ["monthly_fee"]),
    ({"minimum_charge": "x"}, ["minimum_charge"]),
    ({"volume_threshold": "1"}, ["volume_threshold"]),
    ({"volume_discount_percent": "1"}, ["volume_threshold"]),
    ({"effective_from": "2020-01-01T00:00:00Z"}, ["effective_from"]),
    ({"effective_from": "tomorrow"}, ["effective_from"]),
    ({"fixed": "-1"}, ["fixed"]),
    ({"currency": "EUR"}, ["currency"]),
    ({"plan": "9", "markup_percent": "x", "monthly_fee": "0.001"}, ["markup_percent", "monthly_fee", "plan"]),
])
def test_a_plan_that_cannot_be(operator, change, fields):
    body = {"plan": "never", "name": "Never", "markup_percent": "1", **change}
    refused(operator.ask("POST", "/plans", body), 422, *fields)


# ---- projects ----

def test_projects(world):
    path = f"{world['path']}/projects"
    made = world["admin"].post(path, {"name": "Blue", "budget": "10"})
    assert (made["budget"], made["budget_window"], made["spent"], made["keys"]) == ("10", "total", "0", 0)
    refused(world["admin"].ask("POST", path, {"name": "Blue"}), 409)
    refused(world["admin"].ask("POST", path, {"name": "x", "budget_window": "day"}), 422, "budget_window")
    refused(world["admin"].ask("POST", path, {"name": "x", "budget": None}), 422, "budget")
    refused(world["admin"].ask("POST", path, {"name": "x", "budget_window": "year"}), 422, "budget_window")
    refused(world["developer"].ask("POST", path, {"name": "x"}), 403)
    one = f"{path}/{made['id']}"
    changed = world["admin"].patch(one, {"budget_window": "month"}, made["etag"])
    assert (changed["budget"], changed["budget_window"]) == ("10", "month")
    refused(world["admin"].ask("PATCH", one, {"budget_window": None}, "*"), 422, "budget_window")
    refused(world["admin"].ask("PATCH", one, {"budget": None, "budget_window": "day"}, "*"), 422, "budget_window")
    refused(world["admin"].ask("PATCH", one, {"name": "x"}, made["etag"]), 412)
    refused(world["admin"].ask("PATCH", one, {"name": "x"}), 428)
    refused(world["admin"].ask("PATCH", one, {"name": "default"}, "*"), 409)
    changed = world["admin"].patch(one, {"budget": None, "name": "Green"})
    assert (changed["name"], changed["budget"], changed["budget_window"], changed["spent"]) == ("Green", None, None, None)
    assert [row["name"] for row in world["viewer"].pages(path)] == ["Green", "default"]
    assert [row["name"] for row in world["viewer"].get(path, q="EE", status="active")["data"]] == ["Green"]


def test_an_archived_projects_keys_are_refused(stack, world):
    project = world["owner"].post(f"{world['path']}/projects", {"name": "Over soon"})
    made = world["owner"].post(f"{world['path']}/keys", {"name": "of it", "project": project["id"]})
    settles(stack, made["secret"], 200)
    one = f"{world['path']}/projects/{project['id']}"
    assert world["owner"].patch(one, {"status": "archived"})["keys"] == 1
    settles(stack, made["secret"], 401)
    refused(world["owner"].ask("POST", f"{world['path']}/keys", {"name": "x", "project": project["id"]}), 422, "project")


# ---- keys ----

def test_a_key_is_made_used_disabled_and_revoked(stack, world):
    path = f"{world['path']}/keys"
    made = world["developer"].post(path, {"name": "worker", "models": [CHAT], "requests_per_minute": 600,
                                          "expires_at": from_now(days=1)})
    key, secret = made["key"], made["secret"]
    assert secret.startswith("sk-tg1_live_") and key["public_parts"] == [secret.split("_")[2]]
    assert (key["kind"], key["status"], key["models"], key["requests_per_minute"]) == ("live", "active", [CHAT], 600)
    assert made["secret_expires_at"] == key["expires_at"] and made["previous_expires_at"] is None
    assert key["project_name"] == "default" and key["created_by"].startswith("mem_")
    settles(stack, secret, 200)
    one = f"{path}/{key['id']}"
    answer = world["viewer"].ask("GET", one)
    assert secret not in answer.text and answer.json()["name"] == "worker"
    refused(world["viewer"].ask("PATCH", one, {"name": "x"}, "*"), 403)
    refused(world["billing"].ask("POST", path, {"name": "x"}), 403)
    changed = world["developer"].patch(one, {"status": "disabled"}, key["etag"])
    assert changed["status"] == "disabled" and changed["status_reason"].startswith("disabled by mem_")
    settles(stack, secret, 401)
    changed = world["developer"].patch(one, {"status": "active", "name": "worker 2", "models": None, "expires_at": None})
    assert (changed["status_reason"], changed["models"], changed["expires_at"]) == (None, None, None)
    settles(stack, secret, 200)
    refused(world["developer"].ask("PATCH", one, {"name": "x"}, key["etag"]), 412)
    refused(world["developer"].ask("PATCH", one, {"name": "x"}), 428)
    revoked = world["developer"].post(f"{one}/revoke", {"reason": "left in a repository"})
    assert revoked["status"] == "revoked" and revoked["public_parts"] == []
    assert revoked["status_reason"].endswith(": left in a repository")
    settles(stack, secret, 401)
    again = world["developer"].post(f"{one}/revoke", {"reason": "another"})
    assert (again["status_reason"], again["etag"]) == (revoked["status_reason"], revoked["etag"])
    refused(world["developer"].ask("PATCH", one, {"status": "active"}, "*"), 409)
    refused(world["developer"].ask("POST", f"{one}/rotate", {}), 409)


@pytest.mark.parametrize("body, status, fields", [
    ({}, 422, ["name"]),
    ({"name": ""}, 422, ["name"]),
    ({"name": "x", "kind": "root"}, 422, ["kind"]),
    ({"name": "x", "project": "prj_x"}, 422, ["project"]),
    ({"name": "x", "project": "prj_" + NOBODY}, 422, ["project"]),
    ({"name": "x", "models": ["openai/none", CHAT, "openai/*"]}, 422, ["models"]),
    ({"name": "x", "models": []}, 422, ["models"]),
    ({"name": "x", "models": [CHAT, CHAT]}, 422, ["models"]),
    ({"name": "x", "budget": 1}, 422, ["budget"]),
    ({"name": "x", "budget": "-1"}, 422, ["budget"]),
    ({"name": "x", "budget_window": "day"}, 422, ["budget_window"]),
    ({"name": "x", "requests_per_minute": 0}, 422, ["requests_per_minute"]),
    ({"name": "x", "tokens_per_minute": 1.5}, 422, ["tokens_per_minute"]),
    ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, 422, ["expires_at"]),
    ({"name": "x", "scopes": ["keys:read"]}, 422, ["scopes"]),
    ({"name": "x", "kind": "mgmt"}, 422, ["scopes"]),
    ({"name": "x", "kind": "mgmt", "scopes": ["all"]}, 422, ["scopes"]),
    ({"name": "x", "kind": "mgmt", "scopes": ["keys:read"], "budget": "1", "models": [CHAT]}, 422, ["budget", "models"]),
    ({"name": "x", "secret": "sk-mine"}, 422, ["secret"]),
])
def test_a_key_that_cannot_be(world, body, status, fields):
    problem = refused(world["owner"].ask("POST", f"{world['path']}/keys", body), status, *fields)
    if body.get("models", [])[1:2] == [CHAT] and len(body["models"]) == 3:
        assert "openai/none, openai/*" in problem["detail"]


def test_a_models_alias_becomes_the_model(stack, world):
    stack.change("INSERT INTO tollgate.model_aliases (alias, model, by_operator) VALUES ('the-good-one', %s, true)", CHAT)
    made = world["owner"].post(f"{world['path']}/keys", {"name": "short", "models": ["the-good-one", CHAT]})
    assert made["key"]["models"] == [CHAT]
    settles(stack, made["secret"], 200)
    assert status(stack, made["secret"], {**GOOD, "model": "the-good-one"}) == 200


def test_keys_are_listed_and_found(operator):
    path = f"/tenants/{operator.post('/tenants', {'name': 'Lists'})['id']}/keys"
    made = [operator.post(path, {"name": name, "kind": kind, **more})["key"] for name, kind, more in (
        ("a_one", "live", {}), ("two", "test", {}), ("=three", "mgmt", {"scopes": ["keys:read"]}))]
    newest = [key["id"] for key in reversed(made)]
    assert [row["id"] for row in operator.pages(path)] == newest
    for params, wanted in (({"q": "A_O"}, [0]), ({"q": "a%"}, []), ({"q": made[1]["public_parts"][0][3:9]}, [1]),
                           ({"kind": "mgmt"}, [2]), ({"status": "active"}, [2, 1, 0]), ({"status": "revoked"}, []),
                           ({"project": made[0]["project"]}, [2, 1, 0]), ({"project": "prj_" + NOBODY}, [])):
        assert [row["id"] for row in operator.get(path, **params)["data"]] == [made[i]["id"] for i in wanted], params
    refused(operator.ask("GET", path, kind="root"), 400, "kind")
    refused(operator.ask("GET", path, cursor="x"), 400)
    answer = operator.ask("GET", path, format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["name"] for row in rows] == ["'=three", "two", "a_one"]


def test_rotation_with_overlap_through_the_gateway(stack, world):
    made = world["developer"].post(f"{world['path']}/keys", {"name": "turning"})
    one = f"{world['path']}/keys/{made['key']['id']}"
    settles(stack, made["secret"], 200)
    turned = world["developer"].post(f"{one}/rotate", {"overlap_seconds": 3600})
    assert turned["secret"] != made["secret"] and len(turned["key"]["public_parts"]) == 2
    left = datetime.datetime.fromisoformat(turned["previous_expires_at"].replace("Z", "+00:00"))
    assert 3500 < (left - datetime.datetime.now(datetime.timezone.utc)).total_seconds() <= 3600
    settles(stack, turned["secret"], 200)
    assert status(stack, made["secret"]) == 200
    refused(world["developer"].ask("POST", f"{one}/rotate", {}), 409)
    last = world["developer"].post(f"{one}/rotate", {"overlap_seconds": 0})
    assert last["key"]["public_parts"] == [last["secret"].split("_")[2]]
    settles(stack, last["secret"], 200)
    settles(stack, made["secret"], 401)
    settles(stack, turned["secret"], 401)
    short = world["developer"].post(f"{one}/rotate", {"overlap_seconds": 1})
    settles(stack, last["secret"], 401)
    assert status(stack, short["secret"]) == 200
    for bad in (-1, 2592001, "1"):
        refused(world["developer"].ask("POST", f"{one}/rotate", {"overlap_seconds": bad}), 422, "overlap_seconds")
    again = [world["developer"].post(f"{one}/rotate", {"overlap_seconds": 0}, key="turn") for _ in range(2)]
    assert again[0] == again[1]


def test_a_budget_reaches_the_gateway(stack, world):
    made = world["owner"].post(f"{world['path']}/keys", {"name": "little", "budget": "0.001", "budget_window": "day"})
    one = f"{world['path']}/keys/{made['key']['id']}"
    settles(stack, made["secret"], 200)
    assert status(stack, made["secret"], DEAR) == 402
    world["owner"].patch(one, {"budget": "5"})
    settles(stack, made["secret"], 200, DEAR)
    changed = world["owner"].patch(one, {"budget": "0.000001"})
    assert (changed["budget"], changed["budget_window"]) == ("0.000001", "day")
    settles(stack, made["secret"], 402, DEAR)
    world["owner"].patch(one, {"budget": None})
    settles(stack, made["secret"], 200, DEAR)
    key = wait_until(lambda: (lambda row: row if float(row["spent"]) > 0 else None)(world["owner"].get(one)),
                     "its calls are in the books")
    assert key["budget"] is None and key["budget_window"] is None


def test_a_role_hands_out_no_more_than_it_has(world):
    path = f"{world['path']}/keys"
    reads = ["usage:read", "keys:read"]
    for scope in ("keys:write", "projects:write", "members:write", "billing:read", "audit:read"):
        problem = refused(world["developer"].ask("POST", path, {"name": "x", "kind": "mgmt", "scopes": [scope]}), 403)
        assert scope in problem["detail"]
    read = world["developer"].post(path, {"name": "reads", "kind": "mgmt", "scopes": reads})["key"]
    refused(world["developer"].ask("PATCH", f"{path}/{read['id']}", {"scopes": ["keys:write"]}, "*"), 403)
    refused(world["developer"].ask("PATCH", f"{path}/{read['id']}", {"scopes": []}, "*"), 422, "scopes")
    assert world["developer"].patch(f"{path}/{read['id']}", {"scopes": ["keys:read"]})["scopes"] == ["keys:read"]
    strong = world["admin"].post(path, {"name": "strong", "kind": "mgmt", "scopes": ["keys:write", "keys:read"]})
    for what in ("rotate", "revoke"):
        refused(world["developer"].ask("POST", f"{path}/{strong['key']['id']}/{what}", {}), 403)
    refused(world["developer"].ask("PATCH", f"{path}/{strong['key']['id']}", {"name": "x"}, "*"), 403)


def test_a_management_key_makes_keys_but_none_of_its_kind(stack, operator, world):
    path = f"{world['path']}/keys"
    made = world["owner"].post(path, {"name": "ci", "kind": "mgmt", "scopes": ["keys:write", "keys:read"]})
    other = world["owner"].post(path, {"name": "cd", "kind": "mgmt", "scopes": ["keys:read"]})["key"]
    robot = Caller(operator.url, made["secret"])
    new = robot.post(path, {"name": "by a robot"})
    assert new["key"]["created_by"] == made["key"]["id"]
    settles(stack, new["secret"], 200)
    robot.patch(f"{path}/{new['key']['id']}", {"requests_per_minute": 60})
    refused(robot.ask("POST", path, {"name": "x", "kind": "mgmt", "scopes": ["keys:read"]}), 403)
    refused(robot.ask("PATCH", f"{path}/{made['key']['id']}", {"scopes": ["keys:read"]}, "*"), 403)
    for what in ("rotate", "revoke"):
        refused(robot.ask("POST", f"{path}/{other['id']}/{what}", {}), 403)
    refused(robot.ask("GET", f"{world['path']}/balance"), 403)
    refused(robot.ask("GET", f"{world['path']}/projects"), 403)
    turned = robot.post(f"{path}/{made['key']['id']}/rotate", {"overlap_seconds": 0})
    refused(robot.ask("GET", path), 401)
    successor = Caller(operator.url, turned["secret"])
    assert successor.post(f"{path}/{made['key']['id']}/revoke", {})["status"] == "revoked"
    refused(successor.ask("GET", path), 401)


def test_every_change_of_a_key_is_in_the_audit_log(operator, world):
    made = world["owner"].post(f"{world['path']}/keys", {"name": "watched"})
    one = f"{world['path']}/keys/{made['key']['id']}"
    world["owner"].patch(one, {"name": "seen"})
    world["owner"].post(f"{one}/rotate", {})
    world["owner"].post(f"{one}/revoke", {})
    rows = [row for row in operator.get(f"{world['path']}/audit", limit=200)["data"] if row["subject"] == made["key"]["id"]]
    assert [row["action"] for row in rows] == ["key.revoke", "key.rotate", "key.update", "key.create"]
    assert rows[3]["before"] is None and rows[3]["after"]["name"] == "watched"
    assert (rows[2]["before"]["name"], rows[2]["after"]["name"]) == ("watched", "seen")
    assert len(rows[1]["after"]["public_parts"]) == 2 and rows[0]["after"]["status"] == "revoked"
    assert all(made["secret"] not in str(row) for row in rows)


# ---- invoices ----

def test_an_invoice_is_listed_and_shown_with_its_lines(stack, operator):
    tenant = stack.new_tenant("--plan", "free")
    answer = stack.post("/v1/chat/completions", GOOD, key=tenant["key"])
    stack.event(answer.headers["x-generation-id"])
    stack.billing_run("close", "--tenant", tenant["tenant"], "--until", from_now(seconds=0), "--now")
    path = f"/tenants/{tenant['tenant']}/invoices"
    listed, = operator.pages(path)
    assert listed["status"] == "paid" and listed["number"] and listed["period_end"]
    shown = operator.get(f"{path}/{listed['id']}")
    lines = shown.pop("lines")
    assert shown == listed and lines
    total = sum(round(float(line["amount"]) * 1e12) for line in lines)
    assert total == round(float(shown["usage"]) * 1e12)
    booked = [row["reference"] for row in operator.get(path.replace("invoices", "ledger"))["data"] if row["kind"] == "invoice"]
    assert all(reference == {"invoice": listed["id"]} for reference in booked)
    table = operator.ask("GET", f"{path}/{listed['id']}", format="csv")
    assert table.headers["content-type"].startswith("text/csv") and listed["number"] in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert [row["amount"] for row in rows] == [line["amount"] for line in lines]
    assert operator.get(path, status="draft")["data"] == []
    refused(operator.ask("GET", path, status="lost"), 400, "status")
    refused(operator.ask("GET", f"{path}/inv_{NOBODY}"), 404)
