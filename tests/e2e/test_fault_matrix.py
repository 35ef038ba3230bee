"""Every fault of the fake provider, for whole answers and streams, in the clients' languages, with another provider behind the
broken one and with none, and where streams may go on: what the client sees, how many are asked, what is charged.
docs/failures.md has the figures."""

import collections

import pytest

from support.books import Prices, check_books, quantities, tokens
from support.matrix import COMPANY, KINDS, TIMEOUTS_MS, Case, Matrix

# What the client sees, and how many attempts it took.
Wanted = collections.namedtuple("Wanted", "status attempts outcome error")
SERVED = Wanted(200, 1, "finished", None)
OTHER = Wanted(200, 2, "finished", None)
DIED = Wanted(200, 1, "provider_died", "in band")
# The head, which tells attempts, was sent before the second one.
WENT_ON = Wanted(200, 1, "finished", "")


def failed(status, attempts=1):
    return Wanted(status, attempts, "provider_failed", "body")


def alone(status, attempts=3):
    """The next provider is tried at once; who has none tries the same one again, and then it is told."""
    return {"pair": OTHER, "alone": failed(status, attempts)}


def both(wanted):
    return {"pair": wanted, "alone": wanted}


# Fault: of a whole answer, and of a stream where that is another.
OURS = [alone(503, 1)]                 # our key, our quota, our name of the model: no use in asking again
NONSENSE_OR_BREAK = [alone(502), both(DIED)]
BREAK = [alone(503), both(DIED)]
SILENT = [both(failed(504)), alone(504)]  # a whole answer may have been made and paid: never bought twice
WANTED = {
    **{fault: [both(SERVED)] for fault in (
        "none", "unknown-event", "no-finish", "split", "slow", "no-usage", "null-usage", "text-usage", "negative-usage",
        "huge-usage", "fraction-usage", "zero-usage", "twice-usage", "late-usage")},
    **{fault: [both(failed(int(fault[:3])))] for fault in ("400", "400-context", "400-policy", "413", "422")},
    **{fault: OURS for fault in ("401", "402", "403", "404", "429-quota", "needs-token", "needs-signature")},
    **{fault: [alone(503)] for fault in (
        "408", "409", "500", "502", "503", "504", "reset-before-head", "close-before-head", "reset-after-head",
        "garbage-head", "redirect")},
    "429": [alone(429)],
    "529": [alone(529)],
    **{fault: [alone(502)] for fault in ("html", "empty", "gzip-bomb", "huge-line")},
    **{fault: SILENT for fault in ("stall", "stall-before-head", "stall-after-head")},
    "stall-mid": [both(failed(504)), both(DIED)],
    **{fault: BREAK for fault in ("reset-mid", "cut", "error-mid")},
    **{fault: NONSENSE_OR_BREAK for fault in ("truncate", "malformed", "bad-crc", "cut-frame", "endless")},
    "no-done": [both(SERVED), both(DIED)],
    "wrong-type": [both(SERVED), alone(502)],
}
# Anthropic has no word for a quota that is used up: to its clients' gateway it is a limit.
NO_WORD_FOR_IT = {("messages-own", "429-quota"): alone(429)}

# A stream that breaks in these ways goes on at another provider, where the tenant allows it; what makes no sense does not.
GOES_ON = {"reset-mid", "stall-mid", "cut", "truncate", "error-mid"}

# Status: the error in each client's own words (OpenAI's type and code, Anthropic's type, Google's status).
TYPES = {
    400: ("invalid_request_error", None, "invalid_request_error", "INVALID_ARGUMENT"),
    413: ("invalid_request_error", "request_too_large", "request_too_large", "INVALID_ARGUMENT"),
    422: ("invalid_request_error", "unprocessable", "invalid_request_error", "FAILED_PRECONDITION"),
    429: ("requests", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"),
    502: ("server_error", "provider_error", "api_error", "INTERNAL"),
    503: ("server_error", "provider_unavailable", "overloaded_error", "UNAVAILABLE"),
    504: ("server_error", "provider_timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    529: ("server_error", "provider_overloaded", "overloaded_error", "UNAVAILABLE"),
}
CODES = {"400-context": "context_length_exceeded"}
# Of a stream that breaks: which of the rows above its error is told as.
IN_BAND = {"reset-mid": 503, "cut": 503, "error-mid": 503, "stall-mid": 504, "endless": 504}
# Usage that is told wrong is counted.
UNTOLD = {"no-usage", "null-usage", "text-usage", "negative-usage", "huge-usage", "fraction-usage", "zero-usage"}
# What passes as the provider said it has no place for the charge where the provider told no usage.
NO_PLACE = {("messages-own", fault) for fault in ("no-usage", "null-usage", "late-usage")}


@pytest.fixture(scope="module")
def matrix(make_stack):
    return Matrix(make_stack)


@pytest.fixture(scope="module")
def seen(matrix):
    return matrix.run()


@pytest.fixture(scope="module")
def prices(matrix, seen):
    return Prices(matrix.stack)


def wanted_of(case):
    rows = WANTED[case.fault]
    if case.company == "goes-on":
        return WENT_ON if case.fault in GOES_ON else rows[-1]["pair"]
    return NO_WORD_FOR_IT.get((case.kind, case.fault), rows[-1] if case.stream else rows[0])[case.company]


def is_told_so(case, one, status):
    """In the client's own words."""
    kind, code, anthropic, google = TYPES[status]
    error = one.error
    assert error["message"], "what is wrong is said"
    if case.kind == "chat":
        if case.fault != "400-policy":
            assert (error["type"], error["code"]) == (kind, CODES.get(case.fault, code))
    elif case.kind == "generate":
        assert (error["code"], error["status"]) == (status, google)
    else:
        assert error["type"] == anthropic


def is_seen(case, one):
    wanted = wanted_of(case)
    assert (one.status, one.attempts, one.shape) == (wanted.status, wanted.attempts, wanted.error or "")
    assert one.framed, "the message comes to its end, whatever became of the answer"
    if not wanted.error:
        # A whole answer in the provider's own language says what the provider said.
        own = case.kind in ("chat", "messages-own") and not case.stream
        assert one.text and (one.ended or own and case.fault == "no-finish")
    else:
        assert not one.ended, "what failed is never told to be whole"
        assert bool(one.text) == (wanted.error == "in band")
        is_told_so(case, one, IN_BAND.get(case.fault, 502) if wanted is DIED else wanted.status)
        assert bool(one.word) == (wanted.error == "body")


def is_priced(one, prices, told=True):
    event = one.event
    base = prices.base(event["price_version_id"], quantities(event))
    assert event["charge_pico"] == event["told_pico"] == prices.charge(event["plan_version_id"], base) > 0
    assert one.cost_pico == (event["charge_pico"] if told else None)


def is_charged(case, one, prices):
    """As the provider's own truth has it of the attempt that was delivered; what was not delivered costs nothing."""
    wanted, event = wanted_of(case), one.event
    assert event["outcome_name"] == wanted.outcome
    if wanted.outcome == "provider_failed":
        assert event["charge_pico"] == event["told_pico"] == 0 and one.cost_pico is None
        return
    truth = one.truth[-1]
    if wanted is WENT_ON:
        # One answer: the first one's input, and what both wrote, each counted for itself.
        assert event["input_tokens"] == one.truth[0]["meters"]["input"]
        assert abs(event["output_tokens"] - sum(line["meters"]["output"] for line in one.truth)) <= 1
        is_priced(one, prices)
        return
    assert truth["model"] == (case.good if wanted is OTHER else case.bad)
    if case.fault == "endless" and wanted is DIED:
        # It went on beyond what was asked for, and the provider counts what the client was not given.
        assert event["output_tokens"] <= truth["meters"]["output"] and event["input_tokens"] == truth["meters"]["input"]
    else:
        assert tokens(event) == truth["meters"]
    if one.cost_pico is not None or wanted is not DIED and (case.kind, case.fault) not in NO_PLACE:
        assert wanted is not DIED
        is_priced(one, prices)
    else:
        is_priced(one, prices, told=False)
    if case.fault in UNTOLD or wanted is DIED and not truth["usage_told"]:
        assert event["usage_from"] == 2


def is_logged(case, one):
    """Attempts as the log has them, and the time that a failed one took."""
    wanted = wanted_of(case)
    delivered = [False] * (wanted.attempts - 1) + [wanted.status == 200] + [True] * (wanted is WENT_ON)
    assert [attempt["delivered"] for attempt in one.tried] == delivered
    if wanted is OTHER:
        assert one.tried[0]["provider"] != one.tried[1]["provider"] and one.tried[1]["reason"] == "ok"
        assert {line["model"] for line in one.truth} == {case.bad, case.good}
    silent = [attempt for attempt in one.tried if attempt["reason"].startswith("timeout")]
    assert all(attempt["ms"] >= TIMEOUTS_MS[attempt["reason"]] - 20 for attempt in silent), one.tried


def test_every_fault_is_known_here(matrix):
    assert set(WANTED) == set(matrix.faults)


@pytest.mark.parametrize("fault", WANTED)
def test_what_becomes_of_a_fault(matrix, seen, prices, fault):
    wrong = []
    for company in COMPANY:
        for kind in KINDS:
            for stream in (False, True):
                case = Case(fault, kind, stream, company)
                if case not in seen:
                    continue
                try:
                    is_seen(case, seen[case])
                    is_charged(case, seen[case], prices)
                    is_logged(case, seen[case])
                except AssertionError as problem:
                    wrong.append(f"{case.name}: {problem}\n{seen[case].brief()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_on_is_the_same_text(seen, kind):
    calm = seen[Case("none", kind, True, "goes-on")].text
    assert {seen[Case(fault, kind, True, "goes-on")].text for fault in GOES_ON} == {calm}


def test_the_books_agree_after_all_that(matrix, seen):
    check_books(matrix.stack)
