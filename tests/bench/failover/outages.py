"""What clients see of outages under load; tests/e2e/test_failover_load.py plays the same in small."""

import os
import sys
import threading
import time

import httpx

from support.alone import stacks
from support.load import Told, failed
from support.outages import OUTAGES, Outages

RATE = int(os.environ.get("RATE", "500"))
SECONDS = int(os.environ.get("DURATION", "60"))
OUT_SECONDS = int(os.environ.get("OUT_SECONDS", "300"))
BACK_SECONDS = min(60, SECONDS)
ABOUT = {
    "calm": "nothing is wrong", "random": "30 % of all calls fail, anywhere", "dead": "3 of 10 deployments are dead ports",
    "out": f"who has all of the load answers 503 for {OUT_SECONDS} s", "retired": "who has all of the load does not know the model",
}


def heal_later(outages, healed):
    """After the outage; what is asked from then on is known by itself."""
    def heal():
        outages.heal()
        httpx.delete(outages.stack.provider_url + "/truth").raise_for_status()
        healed.append(time.time() * 1000)

    timer = threading.Timer(OUT_SECONDS, heal)
    timer.start()
    return timer


def tell_back(outages, outage, healed_ms):
    served = [call["unix_ms"] for call in outages.stack.truth() if call["site"] == outage.first and call["status"] == 200]
    print(f"\n{outage.first} served again " +
          (f"{(min(served) - healed_ms) / 1000:.1f} s after it could." if served else f"not within {BACK_SECONDS} s."), flush=True)


def play(outages, outage, usual):
    out = outage.name == "out"
    load = outages.begin(outage, RATE, OUT_SECONDS + BACK_SECONDS if out else SECONDS)
    healed = []
    timer = heal_later(outages, healed) if out else None
    calls = load.done()
    if timer:
        timer.join()
    told = Told.of(calls)
    print(f"| {ABOUT[outage.name]} | {told.calls} | {told.errors_first_10_s} | {told.errors - told.errors_first_10_s} | "
          f"{100 * told.errors / told.calls:.3f} % | {100 * told.retried:.2f} % | {told.p50_ms:.1f} ms | {told.p99_ms:.1f} ms | "
          f"{told.p99_ms - (usual or told).p99_ms:+.1f} ms |", flush=True)
    for call in failed(calls)[:3]:
        print(f"a failed one: {call}", file=sys.stderr)
    if out:
        tell_back(outages, outage, healed[0])
    outages.heal()
    return told


def measure(make_stack, names):
    outages = Outages(make_stack)
    usual = None
    print(f"{RATE} calls a second, {SECONDS} s\n\n| | calls | errors, first 10 s | errors, later | of all | tried again | p50 | p99 | "
          "p99 added |\n|---|---|---|---|---|---|---|---|---|")
    # Calm is what the others are compared with; a sentence follows the one that goes out.
    for outage in sorted(OUTAGES, key=lambda outage: (outage.name == "out") - (outage.name == "calm")):
        if outage.name == "calm" or not names or outage.name in names:
            told = play(outages, outage, usual)
            usual = usual or told
    alarms = [line for line in outages.stack.gateway.program.log.read_text().splitlines() if "deployment.out_of_service" in line]
    print(f"\nalarms: {len(alarms)}", *alarms[:2], sep="\n")


with stacks() as make_stack:
    measure(make_stack, sys.argv[1:])
