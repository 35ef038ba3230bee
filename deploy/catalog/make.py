#!/usr/bin/env python3
"""Makes catalog.json from a directory of facts: make.py FACTS [OUTPUT].

FACTS holds canonical.json (models and their deployments, derived from models.dev), providers.json
(wire facts per provider) and launch-ids.txt (ids meant for launch; only compared with). The format
that comes out is described in docs/catalog.md. The same facts give the same bytes.

Nothing is lost in silence: a member of the facts that this program does not know stops it, and
what it leaves out on purpose is counted and printed with the reason.
"""
import collections
import datetime
import decimal
import json
import pathlib
import re
import sys

FORMAT = "tollgate.catalog.v1"
SOURCE = "models.dev"
MAX_BYTES = 900_000  # No file over 1 MB stands in the repository.
MILLIONTH = decimal.Decimal("0.000001")
SPREAD = 3

NAMES = {
    "alibaba": "Alibaba Cloud Model Studio", "amazon-bedrock": "Amazon Bedrock",
    "anthropic": "Anthropic", "azure": "Azure AI Foundry", "baseten": "Baseten",
    "cerebras": "Cerebras", "cloudflare-workers-ai": "Cloudflare Workers AI", "cohere": "Cohere",
    "deepinfra": "DeepInfra", "deepseek": "DeepSeek", "fireworks-ai": "Fireworks AI",
    "friendli": "Friendli", "google": "Google Gemini API", "google-vertex": "Google Vertex AI",
    "groq": "Groq", "inception": "Inception", "minimax": "MiniMax", "mistral": "Mistral AI",
    "moonshotai": "Moonshot AI", "nebius": "Nebius Token Factory", "novita-ai": "Novita AI",
    "nvidia": "NVIDIA NIM", "ollama-cloud": "Ollama Cloud", "openai": "OpenAI",
    "perplexity": "Perplexity", "scaleway": "Scaleway", "siliconflow": "SiliconFlow",
    "stepfun": "StepFun", "togetherai": "Together AI", "upstage": "Upstage", "xai": "xAI",
    "xiaomi": "Xiaomi MiMo", "zai": "Z.AI", "zhipuai": "Zhipu AI",
}

VERTEX = ("https://${GOOGLE_VERTEX_ENDPOINT}/v1/projects/${GOOGLE_VERTEX_PROJECT}"
          "/locations/${GOOGLE_VERTEX_LOCATION}")

# The providers that speak more than one dialect: providers.json describes them in prose, here is
# what it says as (base URL, query, auth). {loc} stands as an endpoint of its own, because the
# global location has a host name without a prefix.
ENDPOINTS = {
    "amazon-bedrock": {
        "bedrock-converse": ("https://bedrock-runtime.${AWS_REGION}.amazonaws.com", None, "sigv4"),
        "bedrock-openai-responses":
            ("https://bedrock-mantle.${AWS_REGION}.api.aws/openai/v1", None, "bearer"),
    },
    "azure": {
        "azure-openai": ("https://${AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1",
                         "api-version=v1", "api-key"),
        "anthropic": ("https://${AZURE_RESOURCE_NAME}.services.ai.azure.com/anthropic/v1", None,
                      "x-api-key"),
        "openai-compatible": ("https://${AZURE_RESOURCE_NAME}.services.ai.azure.com/models", None,
                              "api-key"),
    },
    "cohere": {
        "cohere-v2": ("https://api.cohere.com/v2", None, "bearer"),
        "openai-compatible": ("https://api.cohere.ai/compatibility/v1", None, "bearer"),
    },
    "google-vertex": {
        "vertex-gemini": (VERTEX, None, "oauth"),
        "vertex-anthropic": (VERTEX, None, "oauth"),
        "openai-compatible": (VERTEX + "/endpoints/openapi", None, "oauth"),
    },
}

VARIABLES = {
    "AWS_REGION": "AWS region, such as us-east-1",
    "AZURE_RESOURCE_NAME": "name of the Azure resource, the first label of its host name",
    "CLOUDFLARE_ACCOUNT_ID": "Cloudflare account id",
    "GOOGLE_VERTEX_ENDPOINT": "host, such as us-central1-aiplatform.googleapis.com, or "
                              "aiplatform.googleapis.com for the global location",
    "GOOGLE_VERTEX_LOCATION": "location, such as us-central1 or global",
    "GOOGLE_VERTEX_PROJECT": "Google Cloud project id",
    "UPSTREAM_ID": "name of the deployment of this model, where it is not the model's own",
}

# providers.json names them by their place in the host name.
PLACEHOLDERS = {"{account}": "${CLOUDFLARE_ACCOUNT_ID}"}

METERS = {
    "input": "input", "output": "output", "reasoning": "reasoning", "cache_read": "cache_read",
    "cache_write": "cache_write_5m", "input_audio": "input_audio", "output_audio": "output_audio",
}
METER_ORDER = ["input", "output", "reasoning", "cache_read", "cache_write_5m", "cache_write_1h",
               "input_audio", "output_audio", "input_image", "output_image", "image", "request",
               "web_search", "second", "character"]

# Kinds that write text need a price of output; the others need one of the meters they are
# counted by. The same table stands in tenants/model/catalog_judge.c.
WRITES_TEXT = {"chat", "specialist", "realtime"}
COUNTED_BY = {
    "chat": ["input"], "specialist": ["input"], "moderation": ["input", "request"], "embedding": ["input"],
    "rerank": ["input", "request"], "image": ["image", "output_image"],
    "speech": ["output_audio", "character", "second"], "transcription": ["second", "input_audio"],
    "video": ["second"], "realtime": ["input_audio"], "other": [],
}

# Members of the facts: True is carried over, a text says why it is not.
MODEL_MEMBERS = {
    "id": True, "name": True, "kind": True, "family": True, "aliases": True,
    "openrouter_id": True, "open_weights": True, "release_date": True, "knowledge": True,
    "deployments": True,
    "author": "the part of the id before the slash", "slug": "the part of the id behind it",
    "deprecated": "follows from the deployments; compared",
    "providers": "follows from the deployments",
    "sellable_providers": "worked out anew by the rules of docs/catalog.md",
    "context_min": "follows from the deployments", "context_max": "follows from the deployments",
    "capabilities_all": "follows from the deployments",
}
DEPLOYMENT_MEMBERS = {
    "provider": True, "upstream_id": True, "dialect": True, "first_party": True, "cost": True,
    "limit": True, "capabilities": True, "last_updated": True, "api": True, "status": True,
    "scope": True, "variant": True, "snapshot": True,
    "name": "the model's name as this provider spells it",
    "base_model": "used up when the facts were joined",
    "release_date": "the model has one",
    "shape": "follows from the dialect",
}
CAPABILITY_MEMBERS = {"reasoning", "tool_call", "attachment", "temperature", "structured_output",
                      "modalities", "reasoning_options", "interleaved"}
PROVIDER_MEMBERS = {
    "dialect": "the deployments say it", "base": True, "auth": True,
    "paths": "known by the dialect, in gateway/dialect", "src": "where the fact was read",
}
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "default"]


class Facts(Exception):
    """The facts are not what this program knows how to read."""


class Notes:
    """What was left out or changed, counted by its reason."""

    def __init__(self):
        self.counts = collections.Counter()
        self.example = {}

    def add(self, what, why, where):
        self.counts[(what, why)] += 1
        self.example.setdefault((what, why), where)

    def write(self):
        for (what, why), count in sorted(self.counts.items()):
            print(f"{count:5} x {what}: {why} (such as {self.example[(what, why)]})")


def check_members(thing, known, where, what, notes):
    for name in thing:
        if name not in known:
            raise Facts(f"{where}: unknown member {name!r}")
        if known[name] is not True:
            notes.add(f"{what}.{name}", known[name], where)


def day(text, what, where, notes):
    """A date of the facts as YYYY-MM-DD."""
    if text is None:
        return None
    if re.fullmatch(r"\d{4}-\d{2}", text):
        notes.add(what, "a month, taken as its first day", where)
        return text + "-01"
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        notes.add(what, f"{text!r} is no date, taken as unknown", where)
        return None


def price(value, where, what, notes):
    """USD per million as a plain decimal, rounded half up to 6 places."""
    exact = decimal.Decimal(repr(value))
    if not exact.is_finite() or exact < 0:
        raise Facts(f"{where}: {what} {value!r} is no price")
    rounded = exact.quantize(MILLIONTH, rounding=decimal.ROUND_HALF_UP)
    if rounded != exact:
        notes.add("cost", "rounded to 6 places", f"{where} {what} {value!r}")
    return format(rounded.normalize(), "f")


def rates_of_tier(cost, context_over, where, notes):
    rates = []
    for name, value in cost.items():
        if name in ("tiers", "context_over_200k", "tier"):
            continue
        if name not in METERS:
            raise Facts(f"{where}: unknown price {name!r}")
        text = price(value, where, name, notes)
        if text == "0":
            notes.add(f"cost.{name} of 0", "0 is taken as no price", where)
            continue
        rate = {"meter": METERS[name]}
        if context_over:
            rate["context_over"] = context_over
        rate["usd"] = text
        rates.append(rate)
    return rates


def tiers_of(cost, where, notes):
    """(threshold, prices) of each context tier; context_over_200k is an older spelling."""
    tiers = []
    for tier in cost.get("tiers") or []:
        if set(tier["tier"]) != {"type", "size"} or tier["tier"]["type"] != "context":
            raise Facts(f"{where}: unknown tier {tier['tier']!r}")
        tiers.append((tier["tier"]["size"], tier))
    old = cost.get("context_over_200k")
    if old is None:
        return tiers
    if not tiers:
        return [(200000, old)]
    if all({k: v for k, v in tier.items() if k != "tier"} != old for _, tier in tiers):
        raise Facts(f"{where}: context_over_200k is none of the tiers")
    notes.add("cost.context_over_200k", "repeats a tier, which has the exact threshold", where)
    return tiers


def rates_of(cost, author, where, notes):
    if not cost:
        return []
    rates = rates_of_tier(cost, 0, where, notes)
    for size, tier in tiers_of(cost, where, notes):
        rates += rates_of_tier(tier, size, where, notes)
    if author == "anthropic":
        writes = {r.get("context_over", 0) for r in rates if r["meter"] == "cache_write_5m"}
        for rate in [r for r in rates if r["meter"] == "input"]:
            if rate.get("context_over", 0) in writes:
                doubled = decimal.Decimal(rate["usd"]) * 2
                rates.append({**rate, "meter": "cache_write_1h",
                              "usd": format(doubled.normalize(), "f")})
                notes.add("rate cache_write_1h", "added as 2 x input, by docs/billing.md", where)
    rates.sort(key=lambda r: (METER_ORDER.index(r["meter"]), r.get("context_over", 0)))
    # usd stands last in each rate, behind what it is the price of.
    return [{k: r[k] for k in ("meter", "context_over", "usd") if k in r}
            for r in rates]


def reasoning_options(options, where, notes):
    out = {}
    for option in options or []:
        kind = option["type"]
        if kind == "toggle" and set(option) == {"type"}:
            out["toggle"] = True
        elif kind == "effort" and set(option) == {"type", "values"}:
            out["efforts"] = [e for e in EFFORTS if e in option["values"]]
            if len(out["efforts"]) != len(option["values"]):
                raise Facts(f"{where}: unknown effort in {option['values']!r}")
        elif kind == "budget_tokens" and set(option) <= {"type", "min", "max"}:
            out["budget_tokens"] = {k: option[k] for k in ("min", "max")
                                    if option.get(k) is not None and option[k] > 0}
            if any(option.get(k) is not None and option[k] <= 0 for k in ("min", "max")):
                notes.add("reasoning budget", "a bound of 0 or below is none", where)
        else:
            raise Facts(f"{where}: unknown reasoning option {option!r}")
    return out


def capabilities_of(facts, where, notes):
    unknown = set(facts) - CAPABILITY_MEMBERS
    if unknown:
        raise Facts(f"{where}: unknown capabilities {sorted(unknown)}")
    out = {"input": facts["modalities"]["input"], "output": facts["modalities"]["output"]}
    for ours, theirs in (("tools", "tool_call"), ("structured_output", "structured_output"),
                         ("attachments", "attachment"), ("temperature", "temperature"),
                         ("reasoning", "reasoning")):
        if facts.get(theirs) is not None:
            out[ours] = facts[theirs]
    options = reasoning_options(facts.get("reasoning_options"), where, notes)
    if options:
        out["reasoning_options"] = options
    interleaved = facts.get("interleaved")
    if isinstance(interleaved, dict):
        out["interleaved"] = True
        out["reasoning_field"] = interleaved["field"]
    elif interleaved is not None:
        out["interleaved"] = interleaved
    return out


def deployment_of(facts, author, provider, where, notes):
    check_members(facts, DEPLOYMENT_MEMBERS, where, "deployment", notes)
    endpoint = provider["endpoints"][facts["dialect"]]
    out = {"key": None, "provider": facts["provider"], "upstream_id": facts["upstream_id"],
           "failure_domain": facts["provider"], "dialect": facts["dialect"]}
    base_url = (facts.get("api") or endpoint["base_url"]).rstrip("/")
    if base_url != endpoint["base_url"]:
        out["base_url"] = base_url
    if facts.get("status"):
        out["status"] = facts["status"]
    if facts["first_party"]:
        out["first_party"] = True
    for name in ("scope", "variant", "snapshot"):
        if facts.get(name):
            out[name] = facts[name]
    out["limits"] = {k: facts["limit"][k] for k in ("context", "input", "output")
                     if facts["limit"].get(k)}
    out["capabilities"] = capabilities_of(facts["capabilities"], where, notes)
    out["rates"] = rates_of(facts.get("cost"), author, where, notes)
    if out["rates"]:
        out["prices_as_of"] = day(facts["last_updated"], "last_updated", where, notes)
        if out["prices_as_of"] is None:
            raise Facts(f"{where}: prices without a date")
    out["source"] = SOURCE
    return out


def first_rates(deployment):
    return {r["meter"]: decimal.Decimal(r["usd"]) for r in deployment["rates"]
            if not r.get("context_over")}


def live(model):
    return [d for d in model["deployments"] if d["rates"] and d.get("status") != "deprecated"]


def hosts_main(deployments):
    """What each host sells the model as, without regional and other variants beside it."""
    by_host = collections.defaultdict(list)
    for deployment in deployments:
        by_host[deployment["provider"]].append(deployment)
    out = []
    for theirs in by_host.values():
        plain = [d for d in theirs if not d.get("scope") and not d.get("variant")]
        out += plain or theirs
    return out


def spread(deployments):
    """The widest apart that two of these are in one meter, as a text; None within the bound."""
    for meter in ("input", "output"):
        prices = [(first_rates(d)[meter], d["key"]) for d in deployments
                  if first_rates(d).get(meter)]
        if prices and max(prices)[0] > SPREAD * min(prices)[0]:
            low, high = min(prices), max(prices, key=lambda p: p[0])
            return (f"{meter} from {low[0]} ({low[1]}) to {high[0]} ({high[1]})")
    return None


def judge(model):
    """The reasons for quarantine that the prices give; see docs/catalog.md."""
    reasons = collections.defaultdict(list)
    details = {}
    main = hosts_main(live(model))
    between_hosts = spread(main)
    for deployment in live(model):
        key = deployment["key"]
        apart = between_hosts or (spread(main + [deployment]) if deployment not in main else None)
        if apart:
            reasons[key].append("price_spread")
            details[key] = apart
    for deployment in model["deployments"]:
        key, rates = deployment["key"], first_rates(deployment)
        if not rates:
            continue
        if model["kind"] in WRITES_TEXT and "output" not in rates:
            reasons[key].append("missing_output_price")
        if not any(meter in rates for meter in COUNTED_BY[model["kind"]]):
            reasons[key].append("missing_meter")
            details.setdefault(key, f"{model['kind']} priced by {', '.join(sorted(rates))} only")
    for deployment in model["deployments"]:
        if reasons[deployment["key"]]:
            deployment["quarantine"] = reasons[deployment["key"]]
            deployment["quarantine_detail"] = details.get(deployment["key"],
                                                          "no price for output")


def sellable(deployment):
    return bool(deployment["rates"]) and deployment.get("status") != "deprecated" \
        and not deployment.get("quarantine")


def give_keys(models):
    seen = collections.Counter()
    for model in models:
        for deployment in model["deployments"]:
            name = f"{deployment['provider']}/{deployment['upstream_id']}"
            seen[name] += 1
            deployment["key"] = f"{name}#{seen[name]}"


def model_of(facts, providers, notes):
    where = facts["id"]
    check_members(facts, MODEL_MEMBERS, where, "model", notes)
    out = {"id": facts["id"], "name": " ".join(facts["name"].split()), "kind": facts["kind"]}
    if out["name"] != facts["name"]:
        notes.add("model.name", "tabs and doubled blanks taken out", where)
    if facts.get("family"):
        out["family"] = facts["family"]
    out["aliases"] = sorted(set(facts["aliases"]) - {facts["id"]})
    if facts["id"] in facts["aliases"]:
        notes.add("model.aliases", "the id itself is no alias", where)
    out["openrouter_id"] = facts["openrouter_id"]
    out["open_weights"] = facts["open_weights"]
    out["release_date"] = day(facts["release_date"], "release_date", where, notes)
    if facts.get("knowledge"):
        out["knowledge"] = facts["knowledge"]
    out["deprecated"] = all(d.get("status") == "deprecated" for d in facts["deployments"])
    if out["deprecated"] != facts["deprecated"]:
        notes.add("model.deprecated", "differs from its deployments, which are believed", where)
    author = facts["id"].split("/", 1)[0]
    out["deployments"] = [
        deployment_of(d, author, providers[d["provider"]], f"{where} at {d['provider']}", notes)
        for d in sorted(facts["deployments"], key=lambda d: (d["provider"], d["upstream_id"]))]
    return out


def auth_of(text):
    for start, auth in (("Authorization: Bearer", "bearer"), ("Bearer", "bearer"),
                        ("x-api-key", "x-api-key"), ("x-goog-api-key", "x-goog-api-key")):
        if text.startswith(start):
            return auth
    raise Facts(f"unknown auth {text!r}")


def provider_of(slug, facts, dialects, notes):
    check_members(facts, PROVIDER_MEMBERS, slug, "provider", notes)
    endpoints = {}
    for dialect in sorted(dialects):
        if slug in ENDPOINTS:
            base_url, query, auth = ENDPOINTS[slug][dialect]
        else:
            base_url, query = re.split(r" [(;]", facts["base"])[0].rstrip("/"), None
            auth = auth_of(facts["auth"])
            for theirs, ours in PLACEHOLDERS.items():
                base_url = base_url.replace(theirs, ours)
        endpoints[dialect] = {"dialect": dialect, "base_url": base_url}
        if query:
            endpoints[dialect]["query"] = query
        endpoints[dialect]["auth"] = auth
    return {"slug": slug, "name": NAMES[slug], "endpoints": endpoints}


def declare_variables(providers, models):
    """Each ${NAME} of a base URL is declared by its provider."""
    used = collections.defaultdict(set)
    for provider in providers.values():
        for endpoint in provider["endpoints"].values():
            used[provider["slug"]] |= set(re.findall(r"\$\{(\w+)\}", endpoint["base_url"]))
    for model in models:
        for deployment in model["deployments"]:
            found = re.findall(r"\$\{(\w+)\}", deployment.get("base_url", ""))
            used[deployment["provider"]] |= set(found)
    # Azure's customers may call a model what they like: a credential of one deployment says how.
    used["azure"].add("UPSTREAM_ID")
    for slug, provider in providers.items():
        provider["variables"] = [{"name": n, "what": VARIABLES[n]} for n in sorted(used[slug])]
        provider["endpoints"] = list(provider["endpoints"].values())


def make(directory, notes):
    facts = json.loads((directory / "canonical.json").read_text("utf-8"))
    wire = json.loads((directory / "providers.json").read_text("utf-8"))
    wire.pop("_note", None)
    facts.sort(key=lambda m: m["id"])
    dialects = collections.defaultdict(set)
    for model in facts:
        for deployment in model["deployments"]:
            dialects[deployment["provider"]].add(deployment["dialect"])
    providers = {slug: provider_of(slug, wire[slug], dialects[slug], notes)
                 for slug in sorted(dialects)}
    models = [model_of(m, providers, notes) for m in facts]
    give_keys(models)
    for model in models:
        judge(model)
    declare_variables(providers, models)
    newest = max(d["prices_as_of"] for m in models for d in m["deployments"] if d["rates"])
    return {"format": FORMAT, "source": SOURCE, "facts_as_of": newest,
            "license": "MIT, see LICENSE.models.dev",
            "providers": list(providers.values()), "models": models}


def compact(thing):
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))


def text_of(catalog):
    """One provider, model head or deployment a line: a change shows as a line in a diff."""
    lines = ["{" + ",".join(f"{compact(k)}:{compact(v)}" for k, v in catalog.items()
                            if k not in ("providers", "models")) + ',"providers":[']
    lines.append(",\n".join(compact(p) for p in catalog["providers"]))
    lines.append('],"models":[')
    models = []
    for model in catalog["models"]:
        head = compact({k: v for k, v in model.items() if k != "deployments"})
        body = ",\n".join(compact(d) for d in model["deployments"])
        models.append(f'{head[:-1]},"deployments":[\n{body}]}}')
    lines.append(",\n".join(models))
    return "\n".join(lines) + "\n]}\n"


def report(catalog, launch, notes):
    models = catalog["models"]
    deployments = [d for m in models for d in m["deployments"]]
    sold = {m["id"] for m in models if any(sellable(d) for d in m["deployments"])}
    notes.write()
    reasons = collections.Counter(r for d in deployments for r in d.get("quarantine", []))
    print(f"{len(models)} models, {len(deployments)} deployments, "
          f"{len(catalog['providers'])} providers")
    print(f"{len(sold)} sellable models over "
          f"{len({d['provider'] for d in deployments if sellable(d)})} providers, "
          f"{sum(map(sellable, deployments))} sellable deployments")
    print(f"{sum(not d['rates'] for d in deployments)} deployments without a price, "
          f"{sum(d.get('status') == 'deprecated' for d in deployments)} deprecated")
    for reason, count in sorted(reasons.items()):
        whole = sorted(m["id"] for m in models if m["id"] not in sold
                       and any(reason in d.get("quarantine", []) for d in m["deployments"]))
        print(f"quarantine {reason}: {count} deployments; wholly unsellable for it: "
              f"{len(whole)} models: {' '.join(whole)}")
    missing = sorted(set(launch) - sold)
    print(f"{len(set(launch) & sold)} of {len(launch)} launch ids are sellable; "
          f"not: {' '.join(missing)}")


def main(arguments):
    if not 2 <= len(arguments) <= 3:
        sys.exit(__doc__)
    directory = pathlib.Path(arguments[1])
    output = pathlib.Path(arguments[2]) if len(arguments) == 3 else \
        pathlib.Path(__file__).parent / "catalog.json"
    notes = Notes()
    try:
        catalog = make(directory, notes)
    except Facts as wrong:
        sys.exit(f"make.py: {wrong}")
    text = text_of(catalog)
    if len(text.encode()) > MAX_BYTES:
        sys.exit(f"make.py: {len(text.encode())} bytes are more than {MAX_BYTES}: split the file")
    output.write_text(text, "utf-8")
    report(catalog, (directory / "launch-ids.txt").read_text("utf-8").split(), notes)
    print(f"{output}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main(sys.argv)
