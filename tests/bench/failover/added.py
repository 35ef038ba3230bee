"""What a failover adds to a call. Each call has a first deployment that no call has hurt before, so that it is asked first; so
every connection is a new one, to the good provider too, where the calls that these are compared with have kept ones."""

import os
import socket

from support import places
from support.alone import stacks
from support.load import Load, failed, quantile
from support.process import free_port

CALLS = int(os.environ.get("CALLS", "200"))
RATE = 20
WAIT_MS = 200  # every timeout of the first deployment
WARM = 22      # answers of a deployment from which on it is known when one is late
WARM_RATE = 300
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
    for row_number, (_, fault) in enumerate(HEDGED):
        providers.append(places.provider(f"first-hedged-{fault}", f"{stack.provider_url}/hedged-{row_number}/v1"))
        models += [places.model(f"hedged/{fault}-{number:06}", [places.Place(f"first-hedged-{fault}", f"m-{number}"),
                                                                places.Place("good", f"hedged-{row_number}-{number}")])
                   for number in range(CALLS)]
    places.bring_in(stack, providers, models)
    stack.change("UPDATE tollgate.deployments SET priority = 1 WHERE provider = 'good'")
    stack.change("UPDATE tollgate.deployments SET connect_timeout_ms = %s, first_token_timeout_ms = %s "
                 "WHERE provider LIKE 'first-%%'", WAIT_MS, WAIT_MS)
    return stack.secret("credentials", "\n".join(f"{one['slug']} = sk-{one['slug']}" for one in providers))


def load(stack, tenant, model, rate=RATE, headers=None):
    """One call of each of these models."""
    body = {"model": model, "messages": HELLO, "max_tokens": 100}
    return Load(stack, model.split("/")[1], body, key=tenant["key"], rate=rate, seconds=3600, calls=CALLS, stream=True,
                headers=headers)


def row(stack, tenant, name, model, wait_ms, headers=None):
    """Beside calls to a good provider, so that what else the machine does hits both."""
    lost, usual = load(stack, tenant, model, headers=headers), load(stack, tenant, "lost/none-@@@@@@")
    calls, usual = lost.done(), [call.ms for call in usual.done()]
    odd = [call for call in calls if call.attempts != 2]
    assert len(odd) <= CALLS / 50, f"{name}: {odd[:5]}"  # some a busy machine makes late without a fault
    added = [quantile([call.ms for call in calls], part) - quantile(usual, part) - wait_ms for part in (0.5, 0.99)]
    print(f"| {name} | {f'{wait_ms} ms' if wait_ms else '–'} | {len(calls)} | {len(failed(calls))} | "
          f"{quantile(usual, 0.5):.2f} ms, {quantile(usual, 0.99):.2f} ms | {added[0]:+.2f} ms | {added[1]:+.2f} ms |", flush=True)


def measure(make_stack):
    stack = make_stack(gateways=0)
    secrets = catalog(stack, hole := BlackHole())
    stack.add_gateway(0, credentials_file=secrets)
    tenant = stack.new_tenant(usd="100000")
    load(stack, tenant, "lost/none-@@@@@@", rate=WARM_RATE).done()
    print("| the first provider | waited for | calls | client errors | a good one, p50, p99 | added, p50 | added, p99 |\n"
          "|---|---|---|---|---|---|---|")
    for name, what, wait_ms in LOST:
        if what != "none":
            row(stack, tenant, name, f"lost/{what}-@@@@@@", wait_ms)
    for row_number, (name, fault) in enumerate(HEDGED):
        for _ in range(WARM):
            load(stack, tenant, f"hedged/{fault}-@@@@@@", rate=WARM_RATE).done()
        stack.faults(site=f"hedged-{row_number}", fault=fault, count=-1)
        row(stack, tenant, name, f"hedged/{fault}-@@@@@@", HEDGED_AFTER_MS, {"x-tollgate-hedge": "1"})
    hole.door.close()


with stacks() as make_stack:
    measure(make_stack)
