"""What was called, what it cost and why: usage, the request log, the overview and the status page, to the pico."""

import asyncio
import csv
import datetime
import io
import json
import random
from collections import defaultdict
from decimal import Decimal

import pytest

from support.answers import Answers
from support.books import wait_all_posted
from support.control import problem
from support.ids import uuid_of
from support.process import wait_until
from support.raw import call, load

MODELS = ["openai/gpt-4.1", "openai/gpt-4.1-mini", "openai/gpt-4o-mini"]
TWO = "openai/gpt-4.1-mini"  # at openai and at azure
PASSWORD = "quiet horses walk at dawn"
FAILED = {"provider_failed", "provider_died", "crash", "blank", "not_dispatched"}
SPECS = ["", "", "fake:cached=7", "fake:reasoning=9", "fault=500", "fault=no-usage", "fault=cut;after=3", "fault=400"]
CALLS = 70
ANSWERS = Answers()


class Reader:
    """A browser that reads, and holds each answer to the contract."""

    def __init__(self, browser):
        self.browser = browser

    def ask(self, path, **params):
        answer = self.browser.call("GET", path, params=params)
        if "json" in answer.headers["content-type"]:
            ANSWERS.check("GET", path, answer.status_code, answer.json())
        return answer

    def get(self, path, **params):
        answer = self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, path, between=lambda: None, **params):
        """All rows of a list, page by page."""
        rows, cursor = [], None
        while True:
            page = self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            rows += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows
            between()

    def csv(self, path, **params):
        answer = self.ask(path, format="csv", **params)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv"), answer.text
        return list(csv.DictReader(io.StringIO(answer.text)))


class Loaded:
    """Two tenants with their calls, all of them posted, and who looks at them."""

    def __init__(self, make_stack):
        self.stack = stack = make_stack()
        self.plane = stack.serve_control()
        self.operator = Reader(self.plane.operator())
        self.tenant, self.other = stack.new_tenant("--plan", "pro"), stack.new_tenant("--plan", "free")
        self.second = stack.new_key("--name", "second", tenant=self.tenant["tenant"])
        self.test = stack.new_key("--name", "test", "--kind", "test", tenant=self.tenant["tenant"])
        self.member, self.stranger = self.make_member(self.tenant), self.make_member(self.other)
        self.path = f"/tenants/{self.tenant['tenant']}"
        self.answers = self.call_all()
        wait_all_posted(stack)

    def make_member(self, tenant):
        email = f"{tenant['tenant'][-8:]}@example.com"
        self.operator.browser.post(f"/tenants/{tenant['tenant']}/members",
                                   {"email": email, "role": "viewer", "password": PASSWORD})
        return Reader(self.plane.browser(email, PASSWORD))

    def body(self, **more):
        return {"model": TWO, "messages": [{"role": "user", "content": "Tell me of bridges."}], **more}

    def call_all(self):
        stack, chance = self.stack, random.Random(11)
        key = self.tenant["key"]
        named = {"finished": asyncio.run(call(stack.url, key, self.body(), **{"x-request-id": "mine-1"})),
                 "streamed": asyncio.run(call(stack.url, key, self.body(
                     stream=True, stream_options={"include_usage": True}))),
                 "left": asyncio.run(call(stack.url, key, self.body(
                     stream=True, user="fake:tokens=300;pace_us=3000"), leave_after=4000)),
                 "failed": asyncio.run(call(stack.url, key, self.body(user="fault=500")))}
        stack.faults(fault="503", count=1)
        named["failed_over"] = asyncio.run(call(stack.url, key, self.body()))
        keys = [key, self.second["key"], self.test["key"], self.other["key"]]

        def some():
            spec = chance.choice(SPECS)
            body = self.body(model=chance.choice(MODELS), stream=chance.random() < 0.4,
                             **({"user": spec} if spec else {}))
            which = chance.choice(keys)
            return lambda: call(stack.url, which, body)

        self.load = load([some() for _ in range(CALLS)], 8)
        return named

    def call_one(self):
        answer = asyncio.run(call(self.stack.url, self.tenant["key"], self.body()))
        self.stack.event(answer.generation)
        return answer.generation


@pytest.fixture(scope="module")
def loaded(make_stack):
    return Loaded(make_stack)


@pytest.fixture(scope="module")
def everything(loaded):
    """The tenant's whole log."""
    return loaded.operator.rows(f"{loaded.path}/requests", limit=200)


def usd(text):
    return Decimal(text)


def cost_told(answer):
    """usage.cost of an answer, as the digits that were sent."""
    text = answer.body.decode() if answer.body.startswith(b"{") else next(
        frame for frame in reversed(answer.frames) if '"usage":{' in frame)
    return json.loads(text, parse_float=Decimal)["usage"]["cost"]


def test_every_call_that_was_sent_is_one_request(loaded, everything):
    wanted = {str(event["event_id"]) for event in loaded.stack.events(tenant_id=uuid_of(loaded.tenant["tenant"]))}
    ids = [uuid_of(row["id"]) for row in everything]
    assert len(ids) == len(set(ids)) and set(ids) == wanted
    assert len(ids) > CALLS / 2
    assert [row["time"] for row in everything] == sorted((row["time"] for row in everything), reverse=True)
    by_id = {row["id"]: row for row in everything}
    outcomes = {name: by_id[answer.generation]["outcome"] for name, answer in loaded.answers.items()}
    assert outcomes == {"finished": "finished", "streamed": "finished", "left": "client_left",
                        "failed": "provider_failed", "failed_over": "finished"}
    assert by_id[loaded.answers["finished"].generation]["client_request_id"] == "mine-1"
    assert by_id[loaded.answers["failed"].generation]["error"]


def test_a_request_says_what_it_cost_and_why(loaded, everything):
    for row in everything:
        detail = loaded.operator.get(f"{loaded.path}/requests/{row['id']}")
        assert {name: detail[name] for name in row} == row, "the log and the request say the same"
        lines = sum((usd(line["amount"]) for line in detail["lines"]), Decimal(0))
        for line in detail["lines"]:
            assert usd(line["amount"]) == line["quantity"] * usd(line["per_million"]) / 1000000
        assert lines == usd(detail["base"])
        due = usd(detail["base"]) - usd(detail["discount"]) + usd(detail["markup"]) + usd(detail["fixed"])
        assert due == usd(detail["charge"]) + usd(detail["overrun"])
        assert detail["cost"] is not None and detail["attempts"] == len(detail["attempt_list"])
        if row["outcome"] not in ("finished", "provider_died", "client_left") or row["test"]:
            assert usd(detail["charge"]) == 0 and detail["lines"] == []
        elif usd(detail["base"]) > 0:
            assert detail["plan"] == "pro" and detail["markup_percent"] == "5"
            assert abs(usd(detail["base"]) * Decimal("0.05") - usd(detail["markup"])) <= Decimal("0.5e-12")
        costs = sum((usd(attempt["cost"]) for attempt in detail["attempt_list"]), Decimal(0))
        assert row["test"] or costs == usd(detail["cost"])


def test_what_was_told_is_what_is_charged(loaded):
    for name in ("finished", "streamed", "failed_over"):
        answer = loaded.answers[name]
        detail = loaded.member.get(f"{loaded.path}/requests/{answer.generation}")
        assert usd(detail["charge"]) == usd(detail["told"]) == cost_told(answer), name
        assert usd(detail["charge"]) > 0


def test_where_a_request_went(loaded):
    detail = loaded.member.get(f"{loaded.path}/requests/{loaded.answers['failed_over'].generation}")
    first, second = detail["attempt_list"]
    assert (first["status"], first["delivered"], first["reason"]) == (503, False, "was unavailable (503)")
    assert (second["status"], second["delivered"], second["reason"]) == (200, True, None)
    assert {first["provider"], second["provider"]} == {"openai", "azure"} and first["model"] == second["model"] == TWO
    assert 0 <= first["started_ms"] <= first["started_ms"] + first["ms"] <= second["started_ms"] + 1
    assert second["started_ms"] + second["ms"] <= detail["total_ms"] + 1
    assert detail["overhead_us"] is not None and detail["usage_from"] == "provider"


def test_only_operators_see_what_we_pay(loaded):
    path = f"{loaded.path}/requests/{loaded.answers['failed_over'].generation}"
    ours, theirs = loaded.operator.get(path), loaded.member.get(path)
    assert usd(ours["cost"]) > 0 and theirs["cost"] is None
    assert all(attempt["cost"] is not None for attempt in ours["attempt_list"])
    assert all(attempt["cost"] is None for attempt in theirs["attempt_list"])
    assert theirs["lines"] == ours["lines"] != []
    ours, theirs = (who.get(f"{loaded.path}/usage", group="model") for who in (loaded.operator, loaded.member))
    assert usd(ours["total"]["cost"]) > 0 and theirs["total"]["cost"] is None
    assert all(row["cost"] is None for row in theirs["data"])
    assert theirs["total"]["charge"] == ours["total"]["charge"]
    assert {row["cost"] for row in loaded.member.csv(f"{loaded.path}/usage")} == {""}


def test_strangers_see_nothing_of_it(loaded):
    request = loaded.answers["finished"].generation
    other = f"/tenants/{loaded.other['tenant']}"
    for path in ("/requests", f"/requests/{request}", "/usage", "/overview"):
        problem(loaded.stranger.ask(loaded.path + path), 404, "not_found")
    problem(loaded.stranger.ask(f"{other}/requests/{request}"), 404, "not_found")
    problem(loaded.member.ask("/usage"), 403, "forbidden")
    problem(loaded.member.ask("/status"), 403, "forbidden")
    assert loaded.stranger.get(f"{other}/requests", id=request)["data"] == []
    theirs = loaded.stranger.rows(f"{other}/requests", limit=200)
    events = loaded.stack.events(tenant_id=uuid_of(loaded.other["tenant"]))
    assert {uuid_of(row["id"]) for row in theirs} == {str(event["event_id"]) for event in events}


@pytest.mark.parametrize("group", ["none", "model", "key", "project", "outcome", "provider", "deployment"])
def test_rows_of_usage_add_up_to_the_requests(loaded, everything, group):
    for bucket in ("none", "hour", "day", "month"):
        usage = loaded.operator.get(f"{loaded.path}/usage", group=group, bucket=bucket, top=2)
        total = usage["total"]
        for name in ("requests", "errors", "attempts", "input_tokens", "output_tokens", "reasoning_tokens",
                     "cache_read_tokens", "cache_write_tokens"):
            assert total[name] == sum(row[name] for row in usage["data"]), name
        for name in ("base", "discount", "charge", "cost"):
            assert usd(total[name]) == sum(usd(row[name]) for row in usage["data"]), name
        assert total["requests"] == len(everything)
        assert usd(total["charge"]) == sum(usd(row["charge"]) for row in everything)
        assert total["errors"] == sum(row["outcome"] in FAILED for row in everything)
        assert total["attempts"] == sum(row["attempts"] for row in everything)
        assert total["total_p95_ms"] >= total["total_p50_ms"] >= 8
        assert all((row["bucket"] is None) == (bucket == "none") for row in usage["data"])
        assert len({row["group"] for row in usage["data"] if not row["other"]}) <= 2


def test_groups_are_named(loaded, everything):
    def of(group):
        return {row["group"]: row for row in loaded.member.get(f"{loaded.path}/usage", group=group, top=50)["data"]}

    names = {row["key"]: row["key_name"] for row in everything}
    assert {group: row["label"] for group, row in of("key").items()} == names
    for group, member in (("key", "key"), ("model", "model"), ("outcome", "outcome"), ("deployment", "deployment")):
        charges = defaultdict(Decimal)
        for row in everything:
            charges[row[member] or None] += usd(row["charge"])
        assert {name: usd(row["charge"]) for name, row in of(group).items()} == charges, group
    deployments = {row["deployment"]: f"{row['model']} @ {row['provider']}" for row in everything if row["deployment"]}
    assert {name: row["label"] for name, row in of("deployment").items() if name} == deployments


def test_usage_of_all_tenants(loaded):
    fleet = loaded.operator.get("/usage", group="tenant", top=50)
    for tenant in (loaded.tenant, loaded.other):
        row, = [row for row in fleet["data"] if row["group"] == tenant["tenant"]]
        assert row["label"].startswith("tenant ")
        one = loaded.operator.get(f"/tenants/{tenant['tenant']}/usage")["total"]
        assert {name: row[name] for name in one} == one
    assert fleet["total"]["requests"] == len(loaded.stack.events())


def test_filters_leave_what_they_say(loaded, everything):
    newest = {row["id"]: row for row in everything}
    some = newest[loaded.answers["finished"].generation]
    dear = sorted(usd(row["charge"]) for row in everything)[len(everything) // 2]
    later = everything[len(everything) // 2]["time"]
    filters = [
        ({"model": TWO}, lambda row: row["model"] == TWO),
        ({"key": loaded.second["key_id"]}, lambda row: row["key"] == loaded.second["key_id"]),
        ({"project": some["project"]}, lambda row: row["project"] == some["project"]),
        ({"outcome": "provider_failed"}, lambda row: row["outcome"] == "provider_failed"),
        ({"provider": some["provider"]}, lambda row: row["provider"] == some["provider"]),
        ({"failed": "true"}, lambda row: row["outcome"] in FAILED),
        ({"failed": "false"}, lambda row: row["outcome"] not in FAILED),
        ({"min_charge": f"{dear:f}"}, lambda row: usd(row["charge"]) >= dear),
        ({"min_charge": "999999999999"}, lambda row: False),
        ({"from": later}, lambda row: row["time"] >= later),
        ({"to": later}, lambda row: row["time"] < later),
        ({"id": some["id"]}, lambda row: row is some),
        ({"id": "mine-1"}, lambda row: row["client_request_id"] == "mine-1"),
        ({"id": "nobody's"}, lambda row: False),
        ({"key": loaded.second["key_id"], "failed": "true", "min_charge": "0"},
         lambda row: row["key"] == loaded.second["key_id"] and row["outcome"] in FAILED),
        ({"key": loaded.other["key_id"]}, lambda row: False),
    ]
    for query, holds in filters:
        wanted = [row for row in everything if holds(row)]
        for sort in ("time", "charge"):
            found = loaded.member.rows(f"{loaded.path}/requests", limit=7, sort=sort, **query)
            assert {row["id"] for row in found} == {row["id"] for row in wanted}, (query, sort)
            assert len(found) == len(wanted) and all(newest[row["id"]] == row for row in found)
            if sort == "time":
                assert found == wanted, query
            else:
                charges = [usd(row["charge"]) for row in found]
                assert charges == sorted(charges, reverse=True), query
    detail = loaded.member.get(f"{loaded.path}/requests/{some['id']}")
    found = loaded.member.get(f"{loaded.path}/requests", id=detail["provider_request_id"])["data"]
    assert some in found


def test_csv_says_what_json_says(loaded, everything):
    def cells(row):
        return {name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in row.items()}

    assert loaded.operator.csv(f"{loaded.path}/requests") == [cells(row) for row in everything]
    for query in ({"group": "key", "bucket": "hour"}, {"group": "outcome"}, {}):
        rows = loaded.operator.get(f"{loaded.path}/usage", **query)["data"]
        shown = loaded.operator.csv(f"{loaded.path}/usage", **query)
        assert [{**row, "error_rate": None} for row in shown] == [{**cells(row), "error_rate": None} for row in rows]
        assert [Decimal(row["error_rate"]) for row in shown] == [Decimal(str(row["error_rate"])) for row in rows]


def test_the_overview(loaded, everything):
    overview = loaded.member.get(f"{loaded.path}/overview")
    balance = loaded.member.get(f"{loaded.path}/balance")
    assert {**overview["balance"], "as_of": None} == {**balance, "as_of": None}
    charged = sum(usd(row["charge"]) for row in everything)
    assert overview["ever_called"] and usd(overview["month_to_date"]) == usd(overview["totals"]["charge"]) == charged
    assert usd(balance["prepaid"]) + usd(balance["promo"]) == 100 - charged
    assert overview["before"]["requests"] == 0 and overview["before"]["error_rate"] is None
    if overview["month_forecast"] is not None:
        assert usd(overview["month_forecast"]) >= charged
    assert {row["label"] for row in overview["top_keys"]} == {row["key_name"] for row in everything}
    assert overview["last_errors"] == [row for row in everything if row["outcome"] in FAILED][:5]


def test_how_fresh_it_is(loaded):
    before = datetime.datetime.now(datetime.timezone.utc)

    def fresh():
        told = loaded.member.get(f"{loaded.path}/usage")["fresh_at"]
        return told and datetime.datetime.fromisoformat(told.replace("Z", "+00:00")) >= before

    wait_until(fresh, "all usage until now is posted")


def test_the_status_page(loaded):
    status = loaded.operator.get("/status")
    assert status["ok"] and status["problems"] == [], status["problems"]
    gateway, = status["gateways"]
    assert gateway["alive"] and gateway["report"]["workers"] == 1 and gateway["report"]["journal"]["healthy"]
    assert status["control"]["threads"] == 4 and status["control"]["waiting"] == 0
    assert sum(source["events"] for source in status["sources"]) == len(loaded.stack.events())
    assert status["dead_letters_open"] == 0 and status["database"]["size_bytes"] > 0


@pytest.mark.parametrize("path, query, field", [
    ("/usage", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, "from"),
    ("/usage", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00.001Z"}, None),
    ("/usage", {"from": "2025-01-01T00:00:00Z", "to": "2026-02-05T00:00:00Z"}, None),
    ("/usage", {"from": "2025-01-01T00:00:00Z", "to": "2026-02-05T00:00:00.001Z"}, "from"),
    ("/usage", {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "bucket": "hour"}, None),
    ("/usage", {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:01Z", "bucket": "hour"}, "from"),
    ("/usage", {"from": "0001-01-01T00:00:00Z"}, "from"),
    ("/usage", {"to": "9999-01-01T00:00:00Z"}, "to"),
    ("/usage", {"top": "51"}, "top"),
    ("/usage", {"group": "tenant"}, "group"),
    ("/usage", {"outcome": "odd"}, "outcome"),
    ("/overview", {"from": "2025-01-01T00:00:00Z", "to": "2026-02-06T00:00:00Z"}, "from"),
    ("/requests", {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
    ("/requests", {"from": "2099-01-01T00:00:00Z"}, None),
    ("/requests", {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:01Z", "sort": "charge"}, "from"),
    ("/requests", {"min_charge": "-1"}, "min_charge"),
    ("/requests", {"min_charge": "1e3"}, "min_charge"),
    ("/requests", {"key": "key_1"}, "key"),
    ("/requests", {"failed": "maybe"}, "failed"),
])
def test_ranges_and_filters_have_bounds(loaded, path, query, field):
    answer = loaded.member.ask(loaded.path + path, **query)
    if field is None:
        assert answer.status_code == 200, answer.text
    else:
        assert [error["field"] for error in problem(answer, 400, "invalid_field")["errors"]] == [field]


def test_the_range_is_told_in_whole_hours(loaded):
    usage = loaded.member.get(f"{loaded.path}/usage", **{"from": "2026-03-10T10:30:00Z", "to": "2026-03-10T12:00:01Z"})
    assert (usage["from"], usage["to"]) == ("2026-03-10T10:00:00.000Z", "2026-03-10T13:00:00.000Z")
    assert usage["data"] == [] and usage["total"]["requests"] == 0 and usage["total"]["charge"] == "0"


@pytest.mark.parametrize("query", [{"sort": "time"}, {"sort": "charge"}, {"outcome": "finished"}])
def test_pages_meet_everything_once_while_more_is_called(loaded, query):
    path = f"{loaded.path}/requests"
    before = [row["id"] for row in loaded.member.rows(path, limit=200, **query)]
    added = []
    found = [row["id"] for row in loaded.member.rows(path, between=lambda: added.append(loaded.call_one()), limit=23,
                                                     **query)]
    assert added and len(found) == len(set(found)), "nothing twice"
    assert [one for one in found if one in set(before)] == before, "nothing is missed, and all in order"


def test_the_status_page_has_what_gateways_hold(loaded):
    """Leases come and go by themselves: the page agrees with the wallets as soon as none does."""
    def agrees():
        status = loaded.operator.get("/status")
        held, = loaded.stack.query("SELECT sum(held_pico) AS pico, (SELECT count(*) FROM tollgate.leases "
                                   "WHERE state IN ('open', 'closing')) AS open FROM tollgate.wallets")
        return status["leases_open"] == held["open"] and usd(status["leases_held"]) == held["pico"] / Decimal(10**12)

    loaded.call_one()
    wait_until(agrees, "the status page has what the wallets hold")
