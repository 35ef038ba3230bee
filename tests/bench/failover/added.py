"""What a failover adds to a call. Each call has a first deployment that no call has hurt before, so that it is asked first;
so every connection is a new one, to the good provider too, and the call that it is compared with has one less of them."""

import os
import socket

from support import places
from support.alone import stacks
from support.load import Load, failed, quantile
from support.process import free_port

CALLS = int(os.environ.get("CALLS", "200"))
RATE = int(os.environ.get("RATE", "20"))
WAIT_MS = 200  # every timeout of the first deployment
WARM = 40      # answers from which on it is known when one is late
HEDGED_AFTER_MS = 20
HELLO = [{"role": "user", "content": "Tell me something about rivers."}]

# What is wrong with the first deployment: the fault of its site, and what is waited for until that is known.
LOST = [
    ("nothing", "none", 0),
    ("dead port", "dead", 0),
    ("black hole", "hole", WAIT_MS),
    ("429", "fault-429", 0),
    ("503", "fault-503", 0),
    ("reset", "fault-reset-before-head", 0),
    ("no first byte", "fault-stall-before-head", WAIT_MS),
    ("stall behind the head", "fault-stall-after-head", WAIT_MS),
]
HEDGED = [("no first byte, hedged", "stall-before-head"), ("stall behind the head, hedged", "stall-after-head")]


class BlackHole:
    """A port that takes no connection and refuses none: its backlog is full, so SYNs get no answer."""

    def __init__(self):
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(0)
        self.inside = []
        while self.takes_one():
            pass

    @property
    def url(self):
        return f"http://127.0.0.1:{self.door.getsockname()[1]}/v1"

    def takes_one(self):
        guest = socket.socket()
        guest.settimeout(0.3)
        self.inside.append(guest)
        try:
            guest.connect(self.door.getsockname())
            return True
        except TimeoutError:
            return False


def catalog(stack, hole):
    urls = {"none": f"{stack.provider_url}/first/v1", "dead": f"http://127.0.0.1:{free_port()}/v1", "hole": hole.url}
    providers = [places.provider("good", f"{stack.provider_url}/good/v1")]
    models = []
    for row_number, (_, what, _) in enumerate(LOST):
        providers.append(places.provider(f"first-{what}", urls.get(what, f"{stack.provider_url}/{what}/v1")))
        models += [places.model(f"lost/{what}-{number:06}", [places.Place(f"first-{what}", f"m-{number}"),
                                                             places.Place("good", f"{row_number}-{number}")])
                   for number in range(CALLS)]
    for _, fault in HEDGED:
        providers.append(places.provider(f"first-hedged-{fault}", f"{stack.provider_url}/hedged-{fault}/v1"))
        models.append(places.model(f"hedged/{fault}", [places.Place(f"first-hedged-{fault}", "m"),
                                                       places.Place("good", f"hedged-{len(models)}")]))
    places.bring_in(stack, providers, models)
    stack.change("UPDATE tollgate.deployments SET priority = 1 WHERE provider = 'good'")
    stack.change("UPDATE tollgate.deployments SET connect_timeout_ms = %s, first_token_timeout_ms = %s "
                 "WHERE provider LIKE 'first-%%'", WAIT_MS, WAIT_MS)
    return stack.secret("credentials", "\n".join(f"{one['slug']} = sk-{one['slug']}" for one in providers))


def load(stack, tenant, name, model, calls=CALLS, headers=None):
    body = {"model": model, "messages": HELLO, "max_tokens": 100}
    return Load(stack, name, body, key=tenant["key"], rate=RATE, seconds=3600, calls=calls, stream=True, headers=headers).done()


def row(name, wait_ms, calls, usual_ms, attempts):
    assert all(call.attempts == attempts for call in calls if not failed([call])), f"{name}: {calls}"
    times = [call.ms - usual_ms - wait_ms for call in calls]
    print(f"| {name} | {f'{wait_ms} ms' if wait_ms else '–'} | {len(calls)} | {len(failed(calls))} | "
          f"{quantile(times, 0.5):.2f} ms | {quantile(times, 0.99):.2f} ms |", flush=True)


def measure(make_stack):
    stack = make_stack(gateways=0)
    secrets = catalog(stack, hole := BlackHole())
    stack.add_gateway(0, credentials_file=secrets)
    tenant = stack.new_tenant(usd="100000")
    load(stack, tenant, "warm", "hedged/" + HEDGED[0][1], calls=WARM)
    print("| the first provider | waited for | calls | client errors | added p50 | added p99 |\n|---|---|---|---|---|---|")
    usual_ms = None
    for name, what, wait_ms in LOST:
        calls = load(stack, tenant, what, f"lost/{what}-@@@@@@")
        usual_ms = usual_ms or quantile([call.ms for call in calls], 0.5)
        row(name, wait_ms, calls, usual_ms, 1 if what == "none" else 2)
    for name, fault in HEDGED:
        load(stack, tenant, f"warm-{fault}", f"hedged/{fault}", calls=WARM)
        stack.faults(site=f"hedged-{fault}", fault=fault, count=-1)
        calls = load(stack, tenant, f"hedged-{fault}", f"hedged/{fault}", headers={"x-tollgate-hedge": "1"})
        row(name, HEDGED_AFTER_MS, calls, usual_ms, 2)
    print(f"\nA call to a good first provider takes {usual_ms:.2f} ms (p50); that is taken off, and what is waited for too.")
    hole.door.close()


with stacks() as make_stack:
    measure(make_stack)
