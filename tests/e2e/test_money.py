"""From the call to the invoice line: whatever is thrown at it, with both sources of events, everything agrees to the pico."""

import csv
import io
import json
import random
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest

from support.books import (METERS, Prices, check_books, close, compare_with_truth, truth_by_request,
                           wait_all_posted)
from support.ids import typed, uuid_of
from support.process import wait_until
from support.raw import call, load

MODELS = ["openai/gpt-4.1", "openai/gpt-4.1-mini", "openai/gpt-4o-mini"]
EMBEDDING = "openai/text-embedding-3-small"
CALLS = 240
ASK = "Tell me about {} and everything around it."
SPECS = ["", "", "", "fake:cached=7", "fake:reasoning=9", "fault=500", "fault=429", "fault=cut;after=3",
         "fault=reset-mid;after=2", "fault=truncate;after=5", "fault=no-usage", "fault=text-usage", "fault=huge-usage",
         "fault=twice-usage", "fault=late-usage", "fault=400", "fault=split", "fault=html", "fault=error-mid;after=1"]


class Tenants:
    """One of each kind."""

    def __init__(self, stack):
        self.stack = stack
        self.all = {plan: stack.new_tenant("--plan", plan) for plan in ("free", "pro", "business")}
        self.all["postpaid"] = stack.new_tenant("--plan", "pro", "--mode", "postpaid", "--credit-limit", "50", usd=None)
        self.keys = [made["key"] for made in self.all.values()]
        # A tenant whose promotional credit ends within the load goes on with nothing; one with two keys has two lines.
        self.second = stack.new_key("--name", "second", tenant=self.all["free"]["tenant"])
        self.test = stack.new_key("--name", "test", "--kind", "test", tenant=self.all["pro"]["tenant"])
        self.keys += [self.second["key"], self.test["key"]]


def some_call(stack, tenants, random):
    key = random.choice(tenants.keys)
    text = ASK.format(random.choice(["rivers", "Brücken", "算法", "trees" * random.randrange(1, 80)]))
    if random.random() < 0.15:
        return lambda: call(stack.url, key, {"model": EMBEDDING, "input": [text] * random.randrange(1, 4)},
                            path="/v1/embeddings")
    body = {"model": random.choice(MODELS), "messages": [{"role": "user", "content": text}]}
    spec = random.choice(SPECS)
    if random.random() < 0.6:
        body["stream"] = True
        if random.random() < 0.5:
            body["stream_options"] = {"include_usage": True}
    if random.random() < 0.2:
        body["n"] = 2
    if random.random() < 0.3:
        body["max_tokens"] = random.randrange(1, 30)
    leave, reset = None, random.random() < 0.5
    if random.random() < 0.2:
        leave, spec = random.randrange(0, 6000), "fake:tokens=300;pace_us=3000"
    if spec:
        body["user"] = spec
    return lambda: call(stack.url, key, body, leave_after=leave, reset=reset)


@pytest.fixture(scope="module")
def loaded(each_stack):
    """A stack behind its load, with everything posted."""
    stack = each_stack
    tenants = Tenants(stack)
    chance = random.Random(7)
    answers = load([some_call(stack, tenants, chance) for _ in range(CALLS)], 24)
    assert all(answer.whole or answer.left for answer in answers), "no answer breaks off but by the client"
    wait_all_posted(stack)
    return stack, tenants, answers


def test_every_call_is_one_event_with_the_providers_tokens(loaded):
    stack, _, answers = loaded
    compared = compare_with_truth(stack, truth_by_request(stack))
    print(compared)
    assert compared["provider"] > CALLS / 3 and compared["counted"] > 10 and compared["nothing"] > 10
    events = {str(event["event_id"]): event for event in stack.events()}
    assert len(events) == len(truth_by_request(stack)), "and none beside"
    for answer in answers:
        if not answer.whole or answer.status != 200:
            continue
        event = events[uuid_of(answer.generation)]
        if answer.body.startswith(b"{"):
            usage = answer.json()["usage"]
        elif b'"usage":{' in answer.body:
            usage = json.loads(answer.frames[-2])["usage"]
        else:
            continue
        assert round(usage["cost"] * 10**12) == event["charge_pico"], "what was told is what is paid"


def test_refused_calls_are_not_events(loaded):
    stack, _, answers = loaded
    known = {str(event["event_id"]) for event in stack.events()}
    for answer in answers:
        if answer.whole and answer.status in (401, 402, 403, 413, 429) and "x-tollgate-attempts" not in answer.headers:
            assert uuid_of(answer.generation) not in known


def test_the_books_agree(loaded):
    stack, tenants, _ = loaded
    events = check_books(stack)
    for plan, made in tenants.all.items():
        charged = sum(e["charge_pico"] for e in events if str(e["tenant_id"]) == uuid_of(made["tenant"]))
        assert charged > 0, plan
        wallet, = stack.query("SELECT * FROM tollgate.wallets WHERE tenant_id = %s", uuid_of(made["tenant"]))
        if plan == "postpaid":
            assert wallet["accrued_pico"] == charged
        else:
            assert wallet["promo_pico"] + wallet["prepaid_pico"] == 100 * 10**12 - charged
            used = stack.query("SELECT sum(used_pico) AS n FROM tollgate.credit_grants WHERE tenant_id = %s",
                               uuid_of(made["tenant"]))[0]["n"]
            assert used == charged


def test_billing_says_the_same(loaded):
    stack, tenants, _ = loaded
    stack.billing_run("reconcile")
    for made in tenants.all.values():
        stack.billing_run("reconcile", "--tenant", made["tenant"])
    assert stack.query("SELECT count(*) AS n FROM tollgate.reconcile_runs WHERE NOT ok")[0]["n"] == 0
    assert stack.query("SELECT count(*) AS n FROM tollgate.dead_letters")[0]["n"] == 0


def test_rollups_have_every_grain(loaded):
    stack, _, _ = loaded
    columns = ("tenant_id, project_id, key_id, period_no, late, model, deployment_id, outcome, mode, byok, test, "
               "price_version_id, cost_version_id, plan_version_id, context_tier")
    sums = ("count(*) AS requests, sum(input_tokens) AS input_tokens, sum(cache_read_tokens) AS cache_read_tokens, "
            "sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens, sum(base_pico) AS base_pico, "
            "sum(charge_pico) AS charge_pico, sum(cost_pico) AS cost_pico")
    plain = sums.replace("count(*) AS ", "").replace("sum(", "").replace(")", "")
    import re
    plain = ", ".join(re.sub(r".* AS ", "", part) for part in plain.split(", "))
    assert stack.query(
        f"(SELECT date_trunc('hour', event_time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, {columns}, {sums} "
        f"FROM tollgate.usage_events GROUP BY 1, {columns} EXCEPT SELECT hour, {columns}, {plain} "
        "FROM tollgate.usage_hourly)") == []
    assert stack.query(
        "SELECT * FROM tollgate.usage_hourly WHERE requests <> total_00 + total_01 + total_02 + total_03 + total_04 + "
        "total_05 + total_06 + total_07 + total_08 + total_09 + total_10 + total_11 + total_12 + total_13 + total_14 + "
        "total_15") == []


def test_one_row_each_of_the_batch(loaded):
    """Every event names the place in its source that it came from, and no place is named twice."""
    stack, _, _ = loaded
    assert stack.query("SELECT source_id, source_segment, source_offset FROM tollgate.usage_events GROUP BY 1, 2, 3 "
                       "HAVING count(*) > 1") == []
    for row in stack.query("SELECT * FROM tollgate.sources"):
        count = stack.query("SELECT count(*) AS n FROM tollgate.usage_events WHERE source_id = %s", row["source_id"])
        assert row["events"] == count[0]["n"] and row["state"] == "active" and row["alarm"] is None
        assert row["kind"] == ("kafka" if stack.broker else "journal")


def lines_of(stack, invoice):
    return stack.query("SELECT * FROM tollgate.invoice_lines WHERE invoice_id = %s ORDER BY line_no",
                       invoice["invoice_id"])


def shown(stack, invoice, form):
    return stack.billing_run("show-invoice", typed("inv", invoice["invoice_id"]), "--format", form)


@pytest.mark.parametrize("plan", ["free", "business", "postpaid"])
def test_the_invoice_is_the_events(loaded, plan):
    stack, tenants, _ = loaded
    tenant = tenants.all[plan]["tenant"]
    last = max(e["event_time"] for e in stack.events(tenant_id=uuid_of(tenant)))
    wait_until(lambda: datetime.now(timezone.utc).replace(microsecond=0) > last, "the last event's second is over")
    until = datetime.now(timezone.utc).replace(microsecond=0)
    events = [e for e in stack.events(tenant_id=uuid_of(tenant)) if e["event_time"] < until]
    invoice = close(stack, tenant, until)
    lines = lines_of(stack, invoice)
    charged = sum(event["charge_pico"] for event in events)
    assert invoice["status"] in ("finalized", "paid") and invoice["number"]
    assert invoice["period"].upper == until
    assert sum(line["amount_pico"] for line in lines) == invoice["usage_pico"] == charged
    assert sum(line["amount_minor"] for line in lines) == invoice["subtotal_minor"]
    # Base by model, key and meter as exact products; what the plan makes of it in lines of their own.
    wanted = defaultdict(int)
    prices = Prices(stack)
    for event in events:
        if not event["base_pico"]:
            continue
        for meter, column in METERS.items():
            if meter != "reasoning" and event[column]:
                wanted[event["model"], event["key_id"], meter] += event[column]
    found = defaultdict(int)
    for line in lines:
        if line["kind"] == "usage":
            assert line["quantity"] * line["pico_per_unit"] == line["amount_pico"], line
            found[line["model"], line["key_id"], line["meter"]] += line["quantity"]
    assert found == wanted
    base = sum(line["amount_pico"] for line in lines if line["kind"] == "usage")
    assert base == sum(event["base_pico"] for event in events)
    assert prices
    if plan == "postpaid":
        assert invoice["total_minor"] == invoice["subtotal_minor"] + invoice["tax_minor"]
        assert abs(invoice["subtotal_minor"] * 10**10 - charged) <= 5 * 10**9
        assert invoice["rounding_pico"] == invoice["subtotal_minor"] * 10**10 - charged
    else:
        assert invoice["credits_pico"] == charged and invoice["total_minor"] == 0 and invoice["rounding_pico"] == 0
    as_json = json.loads(shown(stack, invoice, "json"))
    assert invoice["number"] in json.dumps(as_json)
    assert len(as_json["lines"]) == len(lines)
    rows = list(csv.DictReader(io.StringIO(shown(stack, invoice, "csv"))))
    assert len(rows) == len(lines)
    check_books(stack)


def test_a_closed_period_stays_closed(loaded):
    """What comes later is the next period's; closing the same again makes no second invoice."""
    stack, tenants, _ = loaded
    tenant = tenants.all["free"]
    before = stack.query("SELECT count(*) AS n FROM tollgate.invoices WHERE tenant_id = %s", uuid_of(tenant["tenant"]))
    answer = stack.post("/v1/chat/completions", {"model": MODELS[0], "messages": [{"role": "user", "content": "x"}]},
                        key=tenant["key"])
    event = stack.event(answer.headers["x-generation-id"])
    assert event["period_no"] == before[0]["n"] + 1 and not event["late"]
    check_books(stack)


def test_one_call_all_the_way(loaded):
    """The README's call: its event, its ledger transaction, its invoice line: the same amount to the pico."""
    stack, _, _ = loaded
    tenant = stack.new_tenant(usd="10")
    answer = stack.post("/v1/chat/completions", {"model": "openai/gpt-4.1", "messages": [
        {"role": "user", "content": "Hello!"}]}, key=tenant["key"])
    told = round(answer.json()["usage"]["cost"] * 10**12)
    event = stack.event(answer.headers["x-generation-id"])
    ledger = stack.query(
        "SELECT a.kind, e.amount_pico FROM tollgate.ledger_entries e JOIN tollgate.accounts a USING (account_id) "
        "WHERE e.txn_id = %s AND a.tenant_id = %s ORDER BY 1", event["txn_id"], uuid_of(tenant["tenant"]))
    shares = {row["kind"]: row["amount_pico"] for row in ledger}
    assert shares["promo"] == told and shares["rev_usage"] == -told
    shown_event = json.loads(stack.billing_run("show-event", answer.headers["x-generation-id"]))
    assert shown_event["charge_pico"] == told == event["charge_pico"] == event["told_pico"]
    shown_ledger = json.loads(stack.billing_run("show-ledger", tenant["tenant"]))
    assert {row["account"]: row["balance_pico"] for row in shown_ledger["accounts"]}["rev_usage"] == -told
    wait_until(lambda: datetime.now(timezone.utc) > event["event_time"] + timedelta(seconds=1), "the second is over")
    invoice = close(stack, tenant["tenant"], datetime.now(timezone.utc).replace(microsecond=0))
    assert sum(line["amount_pico"] for line in lines_of(stack, invoice)) == told
    assert invoice["credits_pico"] == told and invoice["total_minor"] == 0
    print(f"\nthe call, its event, its ledger entry, its invoice: ${told / 1e12:.12f}")
