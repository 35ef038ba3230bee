"""The sources of events, and what a person can ask and do: status, dead letters, replay, switching, a new topic."""

import json
import os
import subprocess
import time
import uuid
from datetime import datetime, timezone

import pytest

from support.books import check_books, truth_by_request
from support.ids import typed, uuid_of
from support.kafka import delete_topic, topics
from support.process import BIN, ROOT, wait_until
from support.stack import run

CHAT = "openai/gpt-4.1-mini"
ASK = {"model": CHAT, "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def stack(kafka_stack):
    return kafka_stack


def one(stack):
    answer = stack.post("/v1/chat/completions", ASK)
    assert answer.status_code == 200, answer.text
    return stack.event(answer.headers["x-generation-id"], 60)


def messages(stack):
    """Everything on the topic."""
    out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", stack.broker.brokers, "-t", stack.topic, "-f", "%s\n"],
                         check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout
    return out.splitlines()


def produce(stack, text, key="any"):
    """Under any key: billing is right under every partitioning."""
    subprocess.run(["kcat", "-P", "-b", stack.broker.brokers, "-t", stack.topic, "-k", key], check=True, input=text,
                   text=True, timeout=60)


def uuid7():
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (7 << 76)
    return uuid.UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


def letters(stack):
    return stack.query("SELECT * FROM tollgate.dead_letters WHERE resolved_at IS NULL ORDER BY 1")


def sums(stack):
    return stack.query("SELECT count(*) AS events, sum(charge_pico) AS charge FROM tollgate.usage_events")[0]


def test_an_event_is_shown(stack):
    event = one(stack)
    shown = json.loads(stack.billing_run("show-event", typed("gen", event["event_id"])))
    assert shown["charge_pico"] == event["charge_pico"] and shown["outcome"] == "finished"
    assert shown["usage_from"] == "provider" and shown["model"] == CHAT
    assert shown["plan"]["plan"] == "free" and shown["rates"]
    with pytest.raises(AssertionError, match="no such event"):
        stack.billing_run("show-event", typed("gen", uuid7()))
    with pytest.raises(AssertionError):
        stack.billing_run("show-event", "gen_nonsense")


def test_a_ledger_is_shown(stack):
    shown = json.loads(stack.billing_run("show-ledger", stack.tenant))
    accounts = {row["account"]: row["balance_pico"] for row in shown["accounts"]}
    assert accounts["rev_usage"] == -sums(stack)["charge"]
    assert shown["wallet"]["promo_pico"] == -accounts["promo"]


def test_status_tells_each_source(stack):
    one(stack)
    text = stack.billing_run("status")
    assert text.count("kafka:") == 12 and "active" in text and "alarm" not in text


def test_metrics_of_billing(stack):
    """Lag and depth are visible."""
    text = stack.billing_metrics()
    assert "tollgate_billing_" in text and "lag" in text


def test_the_same_message_twice_counts_once(stack):
    """The whole topic once more, under other keys and in another order."""
    before, twice = sums(stack), stack.query("SELECT sum(duplicates) AS n FROM tollgate.sources")[0]["n"]
    usage = [text for text in messages(stack) if "tollgate.usage.v1" in text]
    for text in reversed(usage):
        produce(stack, text, key=os.urandom(4).hex())
    wait_until(lambda: stack.query("SELECT sum(duplicates) AS n FROM tollgate.sources")[0]["n"] >= twice + len(usage),
               "all are seen to be duplicates")
    assert sums(stack) == before
    check_books(stack)


def test_reship_is_harmless(stack):
    before = sums(stack)
    since = "2020-01-01T00:00:00Z"
    run(BIN / "tollgate-gateway", "reship", "--since", since, "--config", stack.gateway.file)
    wait_until(lambda: len(messages(stack)) > before["events"], "they are published again")
    one(stack)
    assert sums(stack)["events"] == before["events"] + 1
    check_books(stack)


@pytest.mark.parametrize("what, text, reason", [
    ("no JSON", "this is no event", "decode"),
    ("no event", '{"a":1}', "decode"),
    ("half an event", '{"specversion":"1.0","type":"tollgate.usage.v1","id":"', "decode"),
])
def test_what_cannot_be_read_is_kept(stack, what, text, reason):
    count, before = len(letters(stack)), sums(stack)
    produce(stack, text)
    wait_until(lambda: len(letters(stack)) == count + 1, "the dead letter is kept")
    letter = letters(stack)[-1]
    assert letter["reason"] == reason and bytes(letter["payload"]).decode() == text and letter["detail"]
    assert sums(stack) == before
    assert "dead letters" in stack.billing_run("status")


def an_event(stack, posted=None):
    """The real message of a posted event, as a dict, to be made another."""
    wanted = typed("gen", (posted or one(stack))["event_id"])
    return json.loads([text for text in messages(stack) if "tollgate.usage.v1" in text and wanted in text][0])


def test_the_same_id_with_other_content_is_a_conflict(stack):
    event, before = an_event(stack), sums(stack)
    event["data"]["meters"] = {**event["data"]["meters"], "output": event["data"]["meters"]["output"] + 1}
    produce(stack, json.dumps(event))
    wait_until(lambda: [row for row in letters(stack) if row["reason"] == "conflict"], "the conflict is kept")
    assert sums(stack) == before


def with_id(event, fresh):
    """The event under another id; its time is the id's."""
    at = datetime.fromtimestamp((fresh.int >> 80) / 1000, timezone.utc).isoformat(timespec="milliseconds")
    return {**event, "id": typed("gen", fresh), "time": at.replace("+00:00", "Z")}


def replace(value, old, new):
    return json.loads(json.dumps(value).replace(old, new))


def test_an_event_with_an_unknown_price_waits_for_it(stack):
    """Never rated 0, never dropped: when an operator has put the version there, it is replayed and counted."""
    posted = one(stack)
    event, fresh, version = an_event(stack, posted), uuid7(), uuid7()
    event = replace(with_id(event, fresh), typed("prc", posted["price_version_id"]), typed("prc", version))
    assert typed("prc", version) in json.dumps(event)
    before = sums(stack)
    produce(stack, json.dumps(event))
    letter, = wait_until(lambda: [row for row in letters(stack) if row["event_id"] == fresh], "it is kept")
    assert letter["reason"] == "unknown_version" and sums(stack) == before
    with pytest.raises(AssertionError, match="still dead"):
        stack.billing_run("replay", "--dead-letter", str(letter["dead_letter_id"]))
    stack.change("INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, tenant_id, effective, source, "
                 "created_by) VALUES (%s, %s, 'list', %s, tstzrange(now() - interval '1 h', NULL), 'test', 'test')",
                 version, posted["deployment_id"], posted["tenant_id"])
    stack.change("INSERT INTO tollgate.price_rates (price_version_id, meter, pico_per_unit) SELECT %s, meter, pico_per_unit "
                 "FROM tollgate.price_rates WHERE price_version_id = %s", version, posted["price_version_id"])
    stack.billing_run("replay", "--dead-letter", str(letter["dead_letter_id"]))
    row, = stack.events(event_id=fresh)
    # The lease it names may have ended with the events it knew of: then nothing is held for this one, and it is ours.
    assert row["charge_pico"] + row["overrun_pico"] == row["told_pico"] > 0 and row["price_version_id"] == version
    assert not [row for row in letters(stack) if row["event_id"] == fresh]
    stack.billing_run("replay", "--dead-letter", str(letter["dead_letter_id"]))
    assert len(stack.events(event_id=fresh)) == 1, "replaying again changes nothing"


def test_an_event_of_another_day_than_there_are_is_kept(stack):
    event = an_event(stack)
    old = uuid.UUID(int=(int(1_600_000_000_000) << 80) | (7 << 76) | (2 << 62) | int.from_bytes(os.urandom(6), "big"))
    event = with_id(event, old)
    before = sums(stack)
    produce(stack, json.dumps(event))
    letter, = wait_until(lambda: [row for row in letters(stack) if row["event_id"] == old], "it is kept")
    assert letter["reason"] == "no_partition"
    assert sums(stack) == before


def test_reconcile_finds_nothing(stack):
    stack.billing_run("reconcile", "--tenant", stack.tenant)
    run_, = stack.query("SELECT * FROM tollgate.reconcile_runs ORDER BY run_id DESC LIMIT 1")
    assert run_["ok"] and run_["events_pico"] == run_["rollup_pico"]


def test_reconcile_finds_what_is_wrong(stack):
    tenant = stack.new_tenant()
    answer = stack.post("/v1/chat/completions", ASK, key=tenant["key"])
    stack.event(answer.headers["x-generation-id"])
    where = "UPDATE tollgate.usage_hourly SET charge_pico = charge_pico + %s WHERE tenant_id = %s"
    stack.change(where, 1, uuid_of(tenant["tenant"]))
    with pytest.raises(AssertionError):
        stack.billing_run("reconcile", "--tenant", tenant["tenant"])
    with pytest.raises(AssertionError):
        stack.billing_run("close", "--tenant", tenant["tenant"], "--now", "--until",
                          time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    assert not stack.query("SELECT * FROM tollgate.invoices WHERE tenant_id = %s AND number IS NOT NULL",
                           uuid_of(tenant["tenant"])), "a mismatch blocks its invoice"
    stack.change(where, -1, uuid_of(tenant["tenant"]))
    stack.billing_run("reconcile", "--tenant", tenant["tenant"])


def test_migrations_are_all_in(stack):
    url = stack.cluster.url(stack.database, "tollgate_owner")
    text = run(BIN / "tollgate-migrate", "status", "--database", url, "--dir", ROOT / "migrations")
    for path in (ROOT / "migrations").glob("*.sql"):
        assert path.name.removesuffix(".sql") in text or path.name.split("_")[0] in text
    run(BIN / "tollgate-migrate", "up", "--database", url, "--dir", ROOT / "migrations")
    assert run(BIN / "tollgate-migrate", "status", "--database", url, "--dir", ROOT / "migrations") == text


def test_a_topic_made_anew_stops_with_an_alarm(stack):
    """The same name is not the same log: until an operator accepts the gap, nothing of it is counted."""
    one(stack)
    before = sums(stack)
    stack.gateway.stop()
    delete_topic(stack.broker, stack.topic)
    wait_until(lambda: stack.topic not in topics(stack.broker), "the topic is gone")
    stack.create_topic()
    stack.gateway.start()
    answer = stack.post("/v1/chat/completions", ASK)
    assert answer.status_code == 200, "calls go on meanwhile"
    stopped = wait_until(lambda: stack.query("SELECT * FROM tollgate.sources WHERE state = 'stopped'"), "it stops", 60)
    assert all(row["alarm"] for row in stopped)
    assert "alarm" in stack.billing_run("status")
    assert sums(stack) == before

    def goes_on():
        for row in stack.query("SELECT source_id FROM tollgate.sources WHERE state = 'stopped'"):
            stack.billing_run("accept-gap", str(row["source_id"]))  # each partition stops when it is looked at
        return stack.events(event_id=uuid_of(answer.headers["x-generation-id"]))

    try:
        wait_until(goes_on, "it goes on", 60)
    except AssertionError:
        raise AssertionError(stack.billing_run("status") + stack.billing.tail() + stack.gateway.program.tail()) from None
    check_books(stack, invented=1)


def test_switching_between_kafka_and_the_journal(make_stack, broker):
    """On one database, both ways, as deploy/up does it: what lies in the old way is taken in first; each event once."""
    stack = make_stack()
    total = 0
    for way in (broker, None, broker):
        for _ in range(5):
            one(stack)
            total += 1
        # The last calls may still lie in the old way when it ends.
        for _ in range(5):
            assert stack.post("/v1/chat/completions", ASK).status_code == 200
            total += 1
        stack.switch(way)
        assert one(stack)
        total += 1
    wait_until(lambda: sums(stack)["events"] == total, "all are posted")
    kinds = {row["kind"] for row in stack.query(
        "SELECT DISTINCT s.kind FROM tollgate.usage_events JOIN tollgate.sources s USING (source_id)")}
    assert kinds == {"kafka", "journal"}
    assert len(truth_by_request(stack)) == total
    check_books(stack)
