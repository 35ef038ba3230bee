"""A catalog of the tests' own: models at invented providers, so that each call can have deployments that no other call has hurt."""

import dataclasses
import json

RATES = [{"meter": "input", "usd": "2"}, {"meter": "output", "usd": "8"}]


@dataclasses.dataclass(frozen=True)
class Place:
    """One deployment: who offers it, by what name it is asked for there."""
    provider: str
    upstream_id: str


def provider(slug, base_url="http://127.0.0.1:9/v1", dialect="openai-compatible"):
    auth = {"anthropic": "x-api-key"}.get(dialect, "bearer")
    return {"slug": slug, "name": slug, "variables": [],
            "endpoints": [{"dialect": dialect, "base_url": base_url, "auth": auth}]}


def model(name, places, dialect="openai-compatible", rates=None):
    return {"id": name, "name": name, "kind": "chat", "aliases": [], "deprecated": False, "deployments": [{
        "key": f"{place.provider}/{place.upstream_id}#1", "provider": place.provider, "upstream_id": place.upstream_id,
        "failure_domain": place.provider, "dialect": dialect, "limits": {"context": 200000, "output": 100000},
        "capabilities": {"input": ["text"], "output": ["text"], "tools": True}, "rates": rates or RATES,
        "prices_as_of": "2026-06-30", "source": "test"} for place in places]}


def bring_in(stack, providers, models):
    """Before the stack has a gateway, or with a wait of the caller's own. What was shipped is retired."""
    path = stack.folder / "places.json"
    path.write_text(json.dumps({"format": "tollgate.catalog.v1", "providers": providers, "models": models}))
    stack.control("catalog", "import", path, "--retire-many")
