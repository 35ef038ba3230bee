"""Outages under load, in small: what tests/bench/failover/load measures at 500 requests a second. No time is asserted."""

import json

import pytest

from support.books import check_books, wait_all_posted
from support.load import failed
from support.outages import OUTAGES, PERCENT, Outages

RATE, SECONDS = 60, 8


@pytest.fixture(scope="module")
def outages(make_stack):
    return Outages(make_stack)


@pytest.fixture(scope="module")
def calls(outages):
    """{name of the outage: its calls}, all at once."""
    loads = {outage.name: outages.begin(outage, RATE, SECONDS) for outage in OUTAGES}
    try:
        return {name: load.done() for name, load in loads.items()}
    finally:
        for load in loads.values():
            load.kill()
        outages.heal()


@pytest.fixture(scope="module")
def alarms(outages, calls):
    lines = map(json.loads, outages.stack.gateway.program.log.read_text().splitlines())
    return [line for line in lines if line["level"] == "alarm"]


def tried(calls):
    return sum(call.attempts > 1 for call in calls) / len(calls)


def outage_named(name):
    return next(outage for outage in OUTAGES if outage.name == name)


def test_the_load_was_what_it_should_be(calls):
    """Five standard deviations of Poisson's law on either side."""
    wanted = RATE * SECONDS
    assert all(abs(len(some) - wanted) < 5 * wanted**0.5 for some in calls.values())


def test_calm_is_calm(calls):
    assert not failed(calls["calm"]) and tried(calls["calm"]) == 0


def test_calls_that_fail_at_random_are_served_elsewhere(outages, calls):
    """Of some 480 calls 1.2 fail five times; that 11 do comes once in a hundred million runs."""
    some = calls["random"]
    assert len(failed(some)) <= 10
    assert all(call.status == 503 and call.attempts == 5 for call in failed(some)), "only who was tried five times"
    assert abs(tried(some) - PERCENT / 100) < 5 * (0.3 * 0.7 / len(some))**0.5
    assert max(call.attempts for call in some) >= 3
    assert min(outages.asked(outage_named("random")).values()) > 0


def test_dead_providers_cost_no_client_an_error(outages, calls):
    """Nobody had to be told that they are dead; and who was found dead is not asked for 30 s while others are well."""
    some = calls["dead"]
    assert not failed(some)
    assert 1 <= sum(call.attempts - 1 for call in some) <= 60
    live = [site for site in outage_named("dead").providers if site.startswith("site")]
    asked = outages.asked(outage_named("dead"))
    assert sum(asked[site] for site in live) == len(some)


def test_a_provider_that_goes_out_is_left(outages, calls):
    """Who had all of the load: what was under way fails over, and then it is behind the others."""
    some = calls["out"]
    assert not failed(some)
    assert tried(some) < 0.2 and some[0].attempts == 2


def test_a_model_that_was_retired_is_failed_over_and_alarmed(outages, calls, alarms):
    some = calls["retired"]
    outage = outage_named("retired")
    assert not failed(some) and some[0].attempts == 2
    told = [alarm for alarm in alarms if alarm["event"] == "deployment.out_of_service"]
    assert {(alarm["provider"], alarm["status"]) for alarm in told} == {(outage.first, 404)}
    first = outages.asked(outage)[outage.first]
    assert 1 <= first == sum(call.attempts > 1 for call in some), "it is asked no more"


def test_the_books_agree(outages, calls):
    wait_all_posted(outages.stack)
    check_books(outages.stack)
