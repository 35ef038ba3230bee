"""Models whose providers fail by chance, are dead, go out for a while, or no longer have it: one Tollgate, four loads at once."""

import dataclasses

import httpx

from . import places
from .load import Load
from .process import free_port

SITES = [f"site-{number}" for number in range(10)]
DEAD = [f"dead-{number}" for number in range(3)]
HELLO = [{"role": "user", "content": "Tell me something about rivers."}]
PERCENT = 30


@dataclasses.dataclass(frozen=True)
class Outage:
    name: str
    providers: list          # of the model, each an account of its own
    first: str | None = None  # who is to be asked first

    @property
    def model(self):
        return f"outages/{self.name}"


OUTAGES = [
    # Five attempts of which three in ten fail leave 0.243 %.
    Outage("random", SITES[:6]),
    # Three of ten are no more.
    Outage("dead", SITES[:7] + DEAD),
    # Who had all of the load goes out, and comes back.
    Outage("out", SITES[:5], first=SITES[0]),
    # Who has the least load does not know the model any more.
    Outage("retired", SITES[:5], first=SITES[1]),
    # Nothing is wrong: what the others are compared with.
    Outage("calm", SITES[:6]),
]


class Outages:
    def __init__(self, make_stack, **options):
        stack = self.stack = make_stack(gateways=0, **options)
        urls = {**{site: f"{stack.provider_url}/{site}/v1" for site in SITES},
                **{dead: f"http://127.0.0.1:{free_port()}/v1" for dead in DEAD}}
        places.bring_in(stack, [places.provider(slug, url) for slug, url in urls.items()],
                        [places.model(outage.model, [places.Place(slug, outage.name) for slug in outage.providers])
                         for outage in OUTAGES])
        for outage in OUTAGES:
            stack.change("UPDATE tollgate.deployments SET priority = CASE WHEN provider = %s THEN 0 ELSE 1 END "
                         "WHERE model = %s", outage.first or "", outage.model)
        secrets = stack.secret("credentials", "\n".join(f"{slug} = sk-{slug}" for slug in urls))
        stack.add_gateway(0, credentials_file=secrets)
        self.tenant = stack.new_tenant(usd="100000")

    def begin(self, outage, rate, seconds):
        """The fault that there is from second 0 on, and the load."""
        if outage.name == "random":
            self.fault(outage, f"500;percent={PERCENT}")
        elif outage.name == "out":
            self.fault(outage, "503", outage.first)
        elif outage.name == "retired":
            self.fault(outage, "404", outage.first)
        return Load(self.stack, f"load-{outage.name}", {"model": outage.model, "messages": HELLO, "max_tokens": 100},
                    key=self.tenant["key"], rate=rate, seconds=seconds)

    def fault(self, outage, fault, site=None):
        self.stack.faults(model=outage.name, fault=fault, count=-1, **({"site": site} if site else {}))

    def heal(self):
        httpx.delete(self.stack.provider_url + "/control").raise_for_status()

    def asked(self, outage, since=0):
        """How many calls of this model each provider got."""
        counts = dict.fromkeys(outage.providers, 0)
        for call in self.stack.truth(since):
            if call["model"] == outage.name:
                counts[call["site"]] += 1
        return counts
