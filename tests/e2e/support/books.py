"""What has to hold in the database, whatever happened: an oracle of its own, in Python's integers."""

from collections import defaultdict

from .ids import uuid_of
from .process import wait_until

# What stands in tollgate.usage_events, and the meter it is priced by.
METERS = {"input": "input_tokens", "cache_read": "cache_read_tokens", "cache_write_5m": "cache_write_5m_tokens",
          "cache_write_1h": "cache_write_1h_tokens", "output": "output_tokens", "reasoning": "reasoning_tokens"}
INSTEAD = {"cache_read": "input", "cache_write_5m": "input", "cache_write_1h": "input"}


def quantities(event):
    """What is priced of an event: reasoning apart only where it has a price of its own."""
    return {**{meter: event[column] for meter, column in METERS.items()}, **(event["other_meters"] or {})}


class Prices:
    def __init__(self, stack):
        self.rates = defaultdict(dict)
        for row in stack.query("SELECT * FROM tollgate.price_rates WHERE mode = 'standard'"):
            self.rates[row["price_version_id"]][row["meter"], row["context_over"]] = row["pico_per_unit"]
        self.plans = {row["plan_version_id"]: row for row in stack.query("SELECT * FROM tollgate.plan_versions")}

    def rate(self, version, meter, prompt):
        tiers = [(over, pico) for (name, over), pico in self.rates[version].items() if name == meter and prompt > over]
        tiers += [(0, pico) for (name, over), pico in self.rates[version].items() if name == meter and over == 0]
        if tiers:
            return max(tiers)[1]
        return self.rate(version, INSTEAD[meter], prompt) if meter in INSTEAD else None

    def base(self, version, counts):
        """Σ quantity × pico per unit; a meter without a price of its own falls back as docs/billing.md says."""
        prompt = counts["input"] + counts["cache_read"] + counts["cache_write_5m"] + counts["cache_write_1h"]
        total = 0
        for meter, count in counts.items():
            if meter == "reasoning":
                continue
            if meter == "output":
                own = self.rate(version, "reasoning", prompt)
                if own is not None:
                    total += counts["reasoning"] * own
                    count -= counts["reasoning"]
            if count:
                pico = self.rate(version, meter, prompt)
                assert pico is not None, f"no price of {meter}"
                total += count * pico
        return total

    def charge(self, plan, base):
        """One rounding, half up."""
        plan = self.plans[plan]
        exact = base * (1_000_000 - plan["discount_ppm"]) * (1_000_000 + plan["markup_ppm"])
        return (exact * 2 + 10**12) // (2 * 10**12) + plan["fixed_pico"]


ROLLED = ("charge_pico", "base_pico", "discount_pico", "cost_pico", "overrun_pico", *METERS.values())
PAID = {"finished", "provider_died", "client_left"}


def check_events(stack):
    """Every posted event charges what its stamped versions say, or nothing."""
    prices = Prices(stack)
    events = stack.events()
    assert len({event["event_id"] for event in events}) == len(events)
    for event in events:
        if event["test"] or event["outcome_name"] not in PAID:
            assert event["charge_pico"] == 0, event
            continue
        base = prices.base(event["price_version_id"], quantities(event))
        assert event["base_pico"] == base, event
        assert event["charge_pico"] + event["overrun_pico"] == prices.charge(event["plan_version_id"], base), event
        assert event["told_pico"] == event["charge_pico"] + event["overrun_pico"], event
    return events


def check_books(stack, invented=0):
    """Events, rollups, ledger, wallets and leases agree to the pico. Everything that was sent must be posted. `invented`
    events of the test's own had no lease that held money for them."""
    events = check_events(stack)
    charged = sum(event["charge_pico"] for event in events)

    def one(sql, *values):
        return list(stack.query(sql, *values)[0].values())

    assert one("SELECT coalesce(sum(amount_pico), 0) FROM tollgate.ledger_entries") == [0]
    assert stack.query("SELECT txn_id FROM tollgate.ledger_entries GROUP BY txn_id, currency "
                       "HAVING sum(amount_pico) <> 0") == []
    rolled, = stack.query(
        "SELECT coalesce(sum(requests), 0) AS requests, " + ", ".join(
            f"coalesce(sum({name}), 0) AS {name}" for name in ROLLED) + " FROM tollgate.usage_hourly")
    assert rolled == {"requests": len(events), **{name: sum(event[name] for event in events) for name in ROLLED}}
    revenue = one("SELECT coalesce(-sum(e.amount_pico), 0) FROM tollgate.ledger_entries e "
                  "JOIN tollgate.accounts a USING (account_id) WHERE a.kind = 'rev_usage'")
    assert revenue == [charged + sum(event["overrun_pico"] for event in events)]
    cost = one("SELECT coalesce(sum(e.amount_pico), 0) FROM tollgate.ledger_entries e "
               "JOIN tollgate.accounts a USING (account_id) WHERE a.kind = 'cogs'")
    assert cost == [sum(event["cost_pico"] for event in events)]
    # Each batch's transaction has, per tenant, exactly the charges of the events that name it.
    assert stack.query(
        "SELECT * FROM (SELECT txn_id, tenant_id, sum(charge_pico + overrun_pico) AS charge FROM tollgate.usage_events "
        "GROUP BY 1, 2 HAVING sum(charge_pico + overrun_pico) <> 0) v FULL JOIN (SELECT e.txn_id, e.tenant_id, -sum(e.amount_pico) AS revenue "
        "FROM tollgate.ledger_entries e JOIN tollgate.accounts a USING (account_id) WHERE a.kind = 'rev_usage' "
        "GROUP BY 1, 2) r USING (txn_id, tenant_id) WHERE charge IS DISTINCT FROM revenue") == []
    # A wallet is the ledger's own sum of its accounts.
    assert stack.query(
        "SELECT w.tenant_id, w.promo_pico, w.prepaid_pico, w.accrued_pico, l.* FROM tollgate.wallets w LEFT JOIN ("
        "SELECT a.tenant_id, -sum(amount_pico) FILTER (WHERE a.kind = 'promo') AS promo, "
        "-sum(amount_pico) FILTER (WHERE a.kind = 'prepaid') AS prepaid, "
        "sum(amount_pico) FILTER (WHERE a.kind = 'accrued') AS accrued FROM tollgate.ledger_entries e "
        "JOIN tollgate.accounts a USING (account_id) GROUP BY 1) l USING (tenant_id) "
        "WHERE (w.promo_pico, w.prepaid_pico, w.accrued_pico) IS DISTINCT FROM "
        "(coalesce(l.promo, 0), coalesce(l.prepaid, 0), coalesce(l.accrued, 0))") == []
    # What is held is what the open leases hold.
    assert stack.query(
        "SELECT w.tenant_id, w.held_pico, l.hold FROM tollgate.wallets w LEFT JOIN (SELECT tenant_id, "
        "sum(tollgate.lease_hold(leases)) AS hold FROM tollgate.leases WHERE scope = 'balance' GROUP BY 1) l "
        "USING (tenant_id) WHERE w.held_pico <> coalesce(l.hold, 0)") == []
    assert sum(event["overrun_pico"] > 0 for event in events) <= invented
    return events


def truth_by_request(stack):
    calls = defaultdict(list)
    for call in stack.truth():
        if call["request_id"]:
            calls[call["request_id"]].append(call)
    return calls


def wait_all_posted(stack, seconds=60):
    """Until no request is open and every call that reached the provider has its event."""
    def posted():
        if any(gateway.program.running() and gateway.metrics()["tollgate_requests_open"] for gateway in stack.gateways):
            return False
        known = {str(row["event_id"]) for row in stack.query("SELECT event_id FROM tollgate.usage_events")}
        return not {uuid_of(generation) for generation in truth_by_request(stack)} - known

    wait_until(posted, "every call that reached the provider has its event", seconds)


def tokens(event):
    return {"input": event["input_tokens"], "cache_read": event["cache_read_tokens"],
            "output": event["output_tokens"], "reasoning": event["reasoning_tokens"]}


def compare_with_truth(stack, calls):
    """Every call that reached the provider is one event; where it told a usage that was delivered, with its tokens."""
    events = {str(event["event_id"]): event for event in stack.events()}
    compared = {"provider": 0, "counted": 0, "nothing": 0}
    for generation, attempts in calls.items():
        event = events.get(uuid_of(generation))
        assert event is not None, f"{generation} has no event: {attempts}"
        last = max(attempts, key=lambda call: call["attempt"])
        what = (event, last)
        if event["outcome_name"] == "finished" and event["usage_from"] == 1:
            assert last["usage_told"] or last["fault"] == "late-usage", what
            assert tokens(event) == last["meters"], what
            compared["provider"] += 1
        elif event["usage_from"] == 2:
            assert event["input_tokens"] == last["meters"]["input"] or last["meters"]["output"] == 0, what
            assert event["output_tokens"] <= last["meters"]["output"], what
            if last["end"] != "left":
                assert tokens(event) == last["meters"], what
            compared["counted"] += 1
        elif event["charge_pico"]:
            assert event["usage_from"] == 1 and tokens(event) == last["meters"], what
            compared["provider"] += 1
        else:
            compared["nothing"] += 1
    return compared


def close(stack, tenant, until):
    """`close` refuses until every source has passed that time; then it is final."""
    said = []

    def closed():
        try:
            said[:] = [stack.billing_run("close", "--tenant", tenant, "--now", "--until", until.isoformat())]
            return True
        except AssertionError as problem:
            said[:] = [str(problem)]
            return False

    try:
        wait_until(closed, "the invoice is closed", 30)
    except AssertionError:
        raise AssertionError(said[0]) from None
    row, = stack.query("SELECT * FROM tollgate.invoices WHERE tenant_id = %s AND status <> 'draft' "
                       "ORDER BY period_no DESC LIMIT 1", uuid_of(tenant))
    return row
