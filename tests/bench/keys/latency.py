"""Time from a change of a key to the first call that shows it, with the whole catalog loaded: made → answered, revoked → refused."""

import sys
import time

import httpx

from support.alone import stacks

DEADLINE_S = 30
CALL = {"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}


def until(client, key, wanted):
    """Milliseconds until a call with this key is answered by `wanted`: calls are made one behind the other."""
    start = time.monotonic()
    while time.monotonic() - start < DEADLINE_S:
        answer = client.post("/v1/chat/completions", json=CALL, headers={"authorization": f"Bearer {key}"})
        if answer.status_code == wanted:
            return (time.monotonic() - start) * 1000
    raise SystemExit(f"no {wanted} within {DEADLINE_S} s, but {answer.status_code}: {answer.text[:200]}")


def tell(what, times):
    times = sorted(times)
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
    print(f"{what}: p50 {at(0.5):.0f} ms, p99 {at(0.99):.0f} ms, most {times[-1]:.0f} ms over {len(times)} tries")


def measure(stack, tries):
    owner = stack.plane.browser(stack.boot["TOLLGATE_MEMBER_EMAIL"], stack.boot["TOLLGATE_MEMBER_PASSWORD"], url=stack.url)
    keys = f"/tenants/{stack.tenant}/keys"
    made, revoked = [], []
    with httpx.Client(base_url=stack.url, timeout=DEADLINE_S) as client:
        for number in range(tries):
            fresh = owner.post(keys, {"name": f"measured {number}"})
            made.append(until(client, fresh["secret"], 200))
            owner.post(f"{keys}/{fresh['key']['id']}/revoke", {})
            revoked.append(until(client, fresh["secret"], 401))
    tell("key made -> first answer", made)
    tell("key revoked -> refused", revoked)


with stacks(shipped=True) as make_stack:
    measure(make_stack(control=True), int(sys.argv[1]))
