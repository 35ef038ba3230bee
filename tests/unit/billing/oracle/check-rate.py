#!/usr/bin/env python3
"""Solves the rating problems that rate-lines prints, with integers of any size and without a look at
its code: only docs/billing.md. The first difference ends the run."""
import sys

INPUTS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "input_image"]
OUTPUTS = ["output", "reasoning", "output_audio", "output_image"]
FALLBACK = {m: "input" for m in INPUTS[1:]} | {m: "output" for m in OUTPUTS[1:]}
LIMIT = 10**7
INT64 = 2**63


class NoPrice(Exception):
    pass


class Bad(Exception):
    pass


class Overflow(Exception):
    pass


def half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def fits(value):
    if not -INT64 <= value < INT64:
        raise Overflow
    return value


class Book:
    def __init__(self, rates, mode, doubles):
        self.rates, self.mode, self.doubles = rates, mode, doubles
        self.thresholds = sorted({o for (_, _, o) in rates})

    def own(self, meter, prompt):
        for mode in (self.mode, "standard"):
            tiers = [o for (m, mo, o) in self.rates if m == meter and mo == mode and (o == 0 or prompt > o)]
            if tiers:
                return self.rates[(meter, mode, max(tiers))]
        return None

    def price(self, meter, prompt):
        price = self.own(meter, prompt)
        if price is None and meter in FALLBACK:
            price = self.own(FALLBACK[meter], prompt)
            if price is not None and meter == "cache_write_1h" and self.doubles:
                price *= 2
                if price >= INT64:
                    return None
        return price

    def has_mode(self):
        return any(mode == self.mode for (_, mode, _) in self.rates)

    def tier(self, prompt):
        return max([o for (_, mode, o) in self.rates if mode in (self.mode, "standard") and prompt > o], default=0)


def charge_of(base, discount, markup, fixed):
    return fits(half_up(base * (10**6 - discount) * (10**6 + markup) + fixed * 10**12, 10**12))


def solve(book, meters, terms):
    if any(not 0 <= n <= LIMIT for n in meters.values()) or meters.get("reasoning", 0) > meters.get("output", 0):
        raise Bad
    if not book.has_mode():
        raise NoPrice
    prompt = sum(meters.get(m, 0) for m in INPUTS)
    quantities = dict(meters)
    if book.own("reasoning", prompt) is None:
        quantities.pop("reasoning", None)
    else:
        quantities["output"] = quantities.get("output", 0) - quantities.get("reasoning", 0)
    base = 0
    for meter in ORDER:
        n = quantities.get(meter, 0)
        price = book.price(meter, prompt)
        if n == 0 or (meter == "request" and price is None):
            continue
        if price is None:
            raise NoPrice
        base += fits(n * price)
    fits(base)
    discount, markup, fixed = terms
    return book.tier(prompt), base, base - half_up(base * (10**6 - discount), 10**6), charge_of(base, *terms)


def dearest(book, side, bound):
    prompts = [0] + [o + 1 for o in book.thresholds if 0 < o < bound]
    return max([p for m in side for t in prompts if (p := book.price(m, t)) is not None], default=None)


def worst(book, given, generated, terms):
    if not (0 <= given <= LIMIT and 0 <= generated <= LIMIT):
        raise Bad
    if not book.has_mode():
        raise NoPrice
    base = dearest(book, ["request"], given) or 0
    for side, n in ((INPUTS, given), (OUTPUTS, generated)):
        if n:
            price = dearest(book, side, given)
            if price is None:
                raise NoPrice
            base += price * n
    return charge_of(fits(base), *terms)


def attempt(f, *args):
    try:
        return "ok", f(*args)
    except NoPrice:
        return "no_price", None
    except Bad:
        return "bad_quantity", None
    except Overflow:
        return "overflow", None


ORDER = ("input output reasoning cache_read cache_write_5m cache_write_1h input_audio output_audio input_image"
         " output_image image request web_search second character").split()


def check(line):
    head, meters, rates, answer, bound = (part.split() for part in line.split("|"))
    mode, doubles, *terms = head[0], int(head[1]), *map(int, head[2:])
    meters = {m: int(n) for m, n in (w.split(":") for w in meters)}
    rates = {(m, mo, int(o)): int(p) for m, mo, o, p in (w.split(":") for w in rates)}
    book = Book(rates, mode, doubles)
    outcome, solution = attempt(solve, book, meters, terms)
    got = (answer[0], tuple(map(int, answer[1:])) if answer[0] == "ok" else None)
    assert got == (outcome, solution), (line, got, (outcome, solution))
    outcome_worst, most = attempt(worst, book, int(bound[1]), int(bound[2]), terms)
    got = (bound[0], int(bound[3]) if bound[0] == "ok" else None)
    assert got == (outcome_worst, most), (line, got, (outcome_worst, most))
    return outcome


def main():
    seen = {}
    for line in sys.stdin:
        outcome = check(line)
        seen[outcome] = seen.get(outcome, 0) + 1
    print(seen)
    assert len(seen) == 4, "some outcome was never met"


if __name__ == "__main__":
    main()
