"""What clients see of each fault of a provider, as a table in Markdown. Faults of which they see the same share a line."""

import collections
import functools
import statistics

from support import raw
from support.alone import stacks
from support.matrix import KINDS, Case, Matrix

AT_ONCE = {"pair": 2, "goes-on": 2, "alone": 6}
TAKE_LONG = {"slow", "endless", "huge-line", "gzip-bomb"}  # by themselves: told apart
COLUMNS = [("pair", False), ("pair", True), ("goes-on", True), ("alone", False), ("alone", True)]


def charge(one):
    if one.event["charge_pico"] == 0:
        return "free"
    return "paid" if one.event["outcome_name"] == "finished" else "paid what came"


def told(one):
    """What one client saw, in short."""
    if one.shape == "in band":
        return "error in the stream"
    if len(one.tried) > one.attempts:
        return "goes on"
    return "served" if one.status == 200 else str(one.status)


def outcome(seen, fault, column):
    """[(what, attempts, charge)] over the clients, the usual one first."""
    company, stream = column
    counts = collections.Counter((told(one), len(one.tried), charge(one)) for one in (
        seen[Case(fault, kind, stream, company)] for kind in KINDS))
    return tuple(what for what, _ in counts.most_common())


def added_ms(seen, fault, column):
    company, stream = column
    usual = statistics.median(seen[Case("none", kind, stream, company)].ms for kind in KINDS)
    return statistics.median(seen[Case(fault, kind, stream, company)].ms for kind in KINDS) - usual


def duration(low, high):
    def text(ms):
        return f"{ms / 1000:.1f} s" if ms >= 100 else f"{max(ms, 0):.0f} ms"

    return text(high) if text(low) == text(high) else f"{text(low)} to {text(high)}"


def cell(seen, faults, column):
    rows = outcome(seen, faults[0], column)
    what = " or ".join(f"{one}, {attempts} {'attempt' if attempts == 1 else 'attempts'}, {paid}" for one, attempts, paid in rows)
    times = [added_ms(seen, fault, column) for fault in faults]
    return f"{what}, +{duration(min(times), max(times))}"


def write(seen, faults):
    groups = collections.defaultdict(list)
    for fault in faults:
        groups[(fault in TAKE_LONG, *(outcome(seen, fault, column) for column in COLUMNS))].append(fault)
    print("| fault | whole answer | stream | stream that may go on | whole answer, nobody else | stream, nobody else |\n"
          "|---|---|---|---|---|---|")
    for same in groups.values():
        cells = " | ".join(cell(seen, same, column) for column in COLUMNS)
        print(f"| {', '.join(f'`{fault}`' for fault in same)} | {cells} |")


def measure(make_stack):
    matrix = Matrix(make_stack)
    raw.load([functools.partial(matrix.one, case) for case in matrix.cases if case.fault == "none"], 4)  # warm
    seen = {}
    for company, at_once in AT_ONCE.items():
        cases = [case for case in matrix.cases if case.company == company]
        seen.update(zip(cases, raw.load([functools.partial(matrix.one, case) for case in cases], at_once)))
    matrix.add_events(seen)
    write(seen, matrix.faults)


with stacks() as make_stack:
    measure(make_stack)
