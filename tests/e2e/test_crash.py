"""What dies and comes back: gateways, billing, Kafka, PostgreSQL. Finished is exact, in flight is one event for nothing."""

import asyncio
import os
import random

import httpx
import pytest

from support.books import check_books, tokens, truth_by_request, wait_all_posted
from support.ids import uuid_of
from support.process import wait_until
from support.raw import call, load

ROUNDS = int(os.environ.get("ROUNDS", "5"))
CHAT = "openai/gpt-4.1-mini"
ASK = [{"role": "user", "content": "Tell me something about towers."}]
# What calls of these tests may cost in all is far below the $10 of the first tenant.
STREAM = {"model": CHAT, "messages": ASK, "stream": True, "max_tokens": 200,
          "stream_options": {"include_usage": True}}


def a_call(gateway, key, chance):
    """Long and short, whole and streamed, some slow, so that a kill finds every step of a request's life."""
    url, kind = gateway.url, chance.random()
    if kind < 0.3:
        return lambda: call(url, key, {"model": CHAT, "messages": ASK, "max_tokens": 50})
    pace = chance.choice([0, 1000, 5000, 20000])
    body = {**STREAM, "user": f"fake:tokens={chance.randrange(1, 120)};pace_us={pace}"}
    return lambda: call(url, key, body)


def load_until(jobs, at_once, enough, strike):
    """Runs the jobs; when `enough` have ended, strikes once; the rest ends as it may."""
    done = 0

    async def all_of_them():
        gate = asyncio.Semaphore(at_once)

        async def one(job):
            nonlocal done
            async with gate:
                answer = await job()
                done += 1
                if done == enough:
                    strike()
                return answer

        return await asyncio.gather(*(one(job) for job in jobs))

    return asyncio.run(all_of_them())


def finished(answer):
    return answer.whole and answer.status == 200 and (
        answer.body.startswith(b"{") or answer.body.endswith(b"data: [DONE]\n\n"))


def check_answers(stack, answers):
    """Finished answers have their exact event; everything else that was dispatched has one, for nothing, unless its last
    bytes were already on their way."""
    events = {str(event["event_id"]): event for event in stack.events()}
    truth = truth_by_request(stack)
    complete = {uuid_of(answer.generation) for answer in answers if finished(answer)}
    crashed = 0
    for generation, calls in truth.items():
        event, last = events[uuid_of(generation)], calls[-1]
        if uuid_of(generation) in complete:
            assert event["outcome_name"] == "finished", event
            assert tokens(event) == last["meters"] and event["charge_pico"] > 0
        elif event["outcome_name"] == "crash":
            assert event["charge_pico"] == 0 and event["usage_from"] == 3
            assert event["cost_pico"] >= 0
            crashed += 1
        elif event["outcome_name"] == "finished":
            assert last["whole"] and tokens(event) == last["meters"]
        else:
            assert event["outcome_name"] in ("client_left", "client_left_early", "provider_failed"), event
    assert complete <= set(events)
    # Written down as about to go out, and then it never did.
    reached = {uuid_of(generation) for generation in truth}
    for event_id in set(events) - reached:
        assert events[event_id]["charge_pico"] == 0, events[event_id]
    return crashed


@pytest.fixture(scope="module", params=["journal", "kafka"])
def stack(request, make_stack):
    broker = request.getfixturevalue("broker") if request.param == "kafka" else None
    stack = make_stack(broker=broker, gateways=2)
    stack.control("credit", "add", "--tenant", stack.tenant, "--usd", "1000")
    return stack


@pytest.fixture(scope="module")
def answers():
    """Of all the rounds together, by source: what each test adds is checked against everything before it."""
    return {}


@pytest.fixture
def seen(stack, answers):
    return answers.setdefault(stack.database, [])


def test_kill_the_gateway(stack, seen):
    chance, crashed = random.Random(3), 0
    for number in range(ROUNDS):
        victim, other = stack.gateways[number % 2], stack.gateways[(number + 1) % 2]
        jobs = [a_call(victim if i % 4 else other, stack.key, chance) for i in range(90)]
        seen += load_until(jobs, 40, chance.randrange(1, 60), victim.kill)
        victim.start()
        wait_all_posted(stack)
        crashed = check_answers(stack, seen)
    print(f"\n{ROUNDS} rounds: {len(seen)} calls, {sum(map(finished, seen))} finished, {crashed} in flight when it died")
    assert crashed > 0, "the kill found something"


def test_its_leases_are_freed_when_its_journal_is_read(stack):
    """Settled exactly, not lost: no overrun, nothing stays held but by who lives."""
    stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK}, key=stack.key)
    wait_until(lambda: stack.query(
        "SELECT count(*) AS n FROM tollgate.leases l JOIN tollgate.gateways g USING (gateway_id) "
        "WHERE l.state IN ('open', 'closing') AND g.state <> 'active'")[0]["n"] == 0, "dead gateways hold nothing", 120)
    wait_until(lambda: stack.query(
        "SELECT count(*) AS n FROM tollgate.leases WHERE state IN ('open', 'closing') AND opened_at < now() - "
        "interval '60 s'")[0]["n"] == 0, "old leases are over", 90)
    assert stack.query("SELECT count(*) AS n FROM tollgate.leases WHERE state = 'lost'")[0]["n"] == 0
    wait_all_posted(stack)
    check_books(stack)


def test_kill_billing(stack, seen):
    chance = random.Random(4)
    for _ in range(ROUNDS):
        jobs = [a_call(stack.gateways[i % 2], stack.key, chance) for i in range(60)]
        seen += load_until(jobs, 30, chance.randrange(5, 55), stack.billing.kill)
        stack.billing.start()
        wait_all_posted(stack)
    check_answers(stack, seen)
    check_books(stack)
    for row in stack.query("SELECT * FROM tollgate.sources"):
        assert row["state"] != "stopped" and row["alarm"] is None, row


def test_two_billings_count_once(stack, seen):
    """The second takes nothing that the first has: the place of a source moves by compare-and-swap."""
    chance = random.Random(5)
    first = stack.billing
    stack.start_billing()
    try:
        seen += load([a_call(stack.gateways[i % 2], stack.key, chance) for i in range(120)], 30)
        wait_all_posted(stack)
        check_answers(stack, seen)
    finally:
        first.stop()
    assert stack.billing.running(), "the loser of a race goes on, it does not give up"
    seen += load([a_call(stack.gateways[i % 2], stack.key, chance) for i in range(60)], 30)
    wait_all_posted(stack)
    check_answers(stack, seen)
    check_books(stack)


def test_kafka_away(stack, seen, request):
    """Calls go on; their events come when it is back, each once."""
    if not stack.broker:
        pytest.skip("there is no broker on the embedded default")
    chance = random.Random(6)
    stack.broker.server.kill()
    seen += load([a_call(stack.gateways[i % 2], stack.key, chance) for i in range(120)], 30)
    assert all(finished(answer) for answer in seen[-120:])
    stack.broker.start()
    wait_all_posted(stack, 120)
    check_answers(stack, seen)
    check_books(stack)


def test_postgres_away(stack, seen):
    """Known keys go on while a lease lasts; who has none hears 503 with Retry-After, not 401 and not 402. Billing comes
    back by itself."""
    chance = random.Random(8)
    stranger = stack.new_tenant()
    seen += load([a_call(stack.gateways[i % 2], stack.key, chance) for i in range(60)], 30)
    wait_all_posted(stack)
    seen += load([a_call(stack.gateways[i % 2], stack.key, chance) for i in range(60)], 30)
    stack.cluster.kill()
    try:
        during = load([(lambda g=stack.gateways[i % 2]: call(g.url, stack.key, {
            "model": CHAT, "messages": ASK, "max_tokens": 5})) for i in range(40)], 4)
        refused = stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK}, key=stranger["key"])
        unknown = stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK}, key=stack.key[:-1])
    finally:
        stack.cluster.start()
    seen += during
    assert [answer.status for answer in during] == [200] * 40
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
    assert unknown.status_code == 401
    wait_until(lambda: stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK, "max_tokens": 5},
                                  key=stranger["key"]).status_code == 200, "leases are granted again", 30)
    wait_all_posted(stack)
    check_books(stack)


def test_a_gateway_starts_while_postgres_is_away(stack):
    """From the signed copy on disk: known keys are known; without money to be had it says so."""
    stack.cluster.kill()
    gateway = stack.gateways[1]
    try:
        gateway.kill()
        gateway.start(ready=False)
        wait_until(lambda: httpx.get(gateway.url + "/healthz").status_code == 200, "it listens")
        answer = wait_until(lambda: (lambda a: a if a.status_code != 401 else None)(stack.post(
            "/v1/models", b"", gateway=gateway)), "it answers")
        models = httpx.get(gateway.url + "/v1/models", headers={"authorization": f"Bearer {stack.key}"})
        refused = stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK}, gateway=gateway)
    finally:
        stack.cluster.start()
    assert answer.status_code == 405
    assert models.status_code == 200 and len(models.json()["data"]) > 300
    assert refused.status_code == 503 and "retry-after" in refused.headers
    wait_until(lambda: stack.post("/v1/chat/completions", {"model": CHAT, "messages": ASK, "max_tokens": 5},
                                  gateway=gateway).status_code == 200, "it is whole again", 30)


def test_a_gateway_that_is_told_to_end_ends_well(stack, seen):
    """SIGTERM under load: what is open is finished, nothing breaks, and its events are there."""
    chance = random.Random(9)
    gateway = stack.gateways[1]
    jobs = [a_call(gateway, stack.key, chance) for _ in range(60)]
    ended = load_until(jobs, 60, 5, gateway.program.child.terminate)
    assert all(finished(answer) or answer.status in (0, 503) for answer in ended), [
        (a.status, a.body[-200:]) for a in ended if not finished(a)][:3]
    assert sum(map(finished, ended)) >= 5
    assert not [a for a in ended if a.status == 200 and not finished(a)]
    gateway.stop()
    gateway.start()
    seen += ended
    wait_all_posted(stack)
    check_answers(stack, [a for a in seen if a.generation])
    check_books(stack)
