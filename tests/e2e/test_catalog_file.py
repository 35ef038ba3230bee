"""The catalog that is shipped holds to its schema and to what was promised of it."""
import copy
import json
import pathlib
from decimal import Decimal

import pytest

CATALOG = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "catalog"


@pytest.fixture(scope="module")
def catalog():
    return json.loads((CATALOG / "catalog.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((CATALOG / "schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def deployments(catalog):
    return [d for m in catalog["models"] for d in m["deployments"]]


def sellable(deployment):
    priced = any(Decimal(r["usd"]) > 0 for r in deployment["rates"]
                 if r.get("mode", "standard") == "standard" and not r.get("context_over"))
    return priced and deployment.get("status") != "deprecated" and not deployment.get("quarantine")


def test_it_holds_to_its_schema(catalog, validator):
    wrong = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(catalog)]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("what, spoil", [
    ("a price that is a number", lambda d: d["rates"][0].update(usd=1.5)),
    ("a price below nothing", lambda d: d["rates"][0].update(usd="-1")),
    ("a meter nobody counts", lambda d: d["rates"][0].update(meter="words")),
    ("prices of no day", lambda d: d.pop("prices_as_of")),
    ("a dialect nobody speaks", lambda d: d.update(dialect="smoke")),
    ("a plain address", lambda d: d.update(base_url="http://provider.example")),
    ("a member nobody knows", lambda d: d.update(colour="red")),
    ("no key", lambda d: d.pop("key")),
])
def test_its_schema_refuses(catalog, validator, what, spoil):
    spoilt = copy.deepcopy(catalog)
    spoilt["models"] = [m for m in spoilt["models"] if m["deployments"][0]["rates"]][:1]
    spoil(spoilt["models"][0]["deployments"][0])
    assert list(validator.iter_errors(spoilt)), what


def test_enough_can_be_sold(catalog):
    models = [m for m in catalog["models"] if any(map(sellable, m["deployments"]))]
    providers = {d["provider"] for d in deployments(catalog) if sellable(d)}
    assert len(models) >= 300
    assert len(providers) >= 25


def test_keys_and_names_are_nobody_elses(catalog):
    keys = [d["key"] for d in deployments(catalog)]
    assert len(keys) == len(set(keys))
    owner = {}
    for model in catalog["models"]:
        for name in {model["id"], model.get("openrouter_id"), *model.get("aliases", [])} - {None}:
            assert owner.setdefault(name, model["id"]) == model["id"], name


def test_two_ids_at_one_provider_share_a_failure_domain(catalog):
    doubled = 0
    for model in catalog["models"]:
        domains = {}
        for deployment in model["deployments"]:
            domains.setdefault(deployment["provider"], []).append(deployment["failure_domain"])
        for theirs in domains.values():
            doubled += len(theirs) > 1
            assert len(set(theirs)) == 1, model["id"]
    assert doubled >= 29


def test_hosts_that_sell_a_model_agree_on_its_price(catalog):
    """Whatever is sellable of one model lies within three times, regions and variants included."""
    for model in catalog["models"]:
        for meter in ("input", "output"):
            prices = [Decimal(r["usd"]) for d in model["deployments"] if sellable(d)
                      for r in d["rates"] if r["meter"] == meter and not r.get("context_over")]
            assert not prices or max(prices) <= 3 * min(prices), (model["id"], meter)


def test_every_file_is_fit_for_git():
    for path in CATALOG.iterdir():
        assert path.stat().st_size < 1_000_000, path
    assert "MIT License" in (CATALOG / "LICENSE.models.dev").read_text("utf-8")
