"""What providers are called with: several keys by turns, AWS signatures, tokens of issuers, names of the customer's own."""

import json

import httpx
import pytest

from support.process import wait_until
from support.rocket import HELLO, Api, rate, stack  # noqa: F401
from support.stack import run

MODELS = {
    # Model and provider: dialect, path behind the provider's site, query, auth, variables of its base URL.
    "keys": ("openai-compatible", "/v1", None, "bearer", []),
    "cloud": ("bedrock-converse", "", None, "sigv4", ["AWS_REGION"]),
    "vertex": ("openai-compatible", "/v1", None, "oauth", []),
    "client": ("openai-compatible", "/v1", None, "api-key", []),
    "classic": ("azure-openai", "/openai/deployments/${UPSTREAM_ID}", "api-version=2024-10-21", "api-key",
                ["UPSTREAM_ID"]),
}


def catalog(url):
    providers, models = [], []
    for name, (dialect, path, query, auth, variables) in MODELS.items():
        endpoint = {"dialect": dialect, "base_url": f"{url}/{name}{path}", "auth": auth}
        providers.append({
            "slug": name, "name": name, "endpoints": [{**endpoint, "query": query} if query else endpoint],
            "variables": [{"name": variable} for variable in variables]})
        models.append({
            "id": f"test/{name}", "name": name, "kind": "chat", "deployments": [{
                "key": f"{name}/m.{name}#1", "provider": name, "upstream_id": f"m.{name}", "failure_domain": name,
                "dialect": dialect, "limits": {"context": 8000, "output": 1000},
                "capabilities": {"input": ["text"], "output": ["text"]},
                "rates": [rate("input", "2"), rate("output", "8")], "prices_as_of": "2026-06-30", "source": "test"}]})
    return {"format": "tollgate.catalog.v1", "providers": providers, "models": models}


@pytest.fixture(scope="module")
def operator(stack):
    operator = Api(stack, stack.boot["TOLLGATE_OPERATOR_TOKEN"])
    operator("POST", "/catalog/imports", {"catalog": catalog(stack.provider_url), "retire_many": True})
    return operator


@pytest.fixture(autouse=True)
def clean(stack):
    yield
    httpx.delete(stack.provider_url + "/control")


def call(stack, model, **more):
    return stack.post("/v1/chat/completions", {"model": f"test/{model}", "messages": HELLO, "max_tokens": 20, **more})


def add(operator, provider, secret, **more):
    if isinstance(secret, dict):
        secret = json.dumps(secret, indent=1)
    return operator("POST", "/credentials", {"provider": provider, "name": "a", "secret": secret, **more}, 201)


def disable(operator, row):
    operator.patch(f"/credentials/{row['id']}", status="disabled")


def seen(stack, site):
    """The calls that a site had, with the gateway's own only."""
    return [line for line in stack.truth() if line["site"] == site]


def until_called(stack, site):
    """Answered, and by the provider itself: the sandbox has no site."""

    def answered():
        count = len(seen(stack, site))
        return call(stack, site).status_code == 200 and len(seen(stack, site)) > count

    wait_until(answered, f"{site} is called", 10)


def log_of(stack):
    return stack.gateway.program.log.read_text()


def lines_of(stack, event):
    return [line for line in map(json.loads, log_of(stack).splitlines()) if line["event"] == event]


# ---- several keys ----

def test_keys_take_turns_and_a_rotation_fails_no_request(stack, operator):
    old = add(operator, "keys", "sk-old")
    until_called(stack, "keys")
    new = add(operator, "keys", "sk-new")
    used = set()
    stack.faults(site="keys", key="sk-new", fault="first_ms=1", count=1)

    def both():
        assert call(stack, "keys").status_code == 200
        used.update(rule["hits"] > 0 for rule in httpx.get(stack.provider_url + "/control").json())
        return True in used

    wait_until(both, "the new key has its turn", 10)
    # The old one is taken back at the provider while it is still in use here.
    stack.faults(site="keys", key="sk-old", fault="401", count=-1)
    before = len(seen(stack, "keys"))
    for stream in [False, True] * 5:
        answer = call(stack, "keys", stream=stream)
        assert answer.status_code == 200 and ("[DONE]" in answer.text) == stream
    refused = [line for line in seen(stack, "keys")[before:] if line["status"] == 401]
    assert len(refused) == 1, "it is put aside with its first refusal"
    told, = lines_of(stack, "credential.refused")
    assert (told["credential"], told["provider"], told["status"]) == (old["id"], "keys", 401)
    assert "deployment.out_of_service" not in log_of(stack)
    disable(operator, old)
    assert call(stack, "keys").status_code == 200
    disable(operator, new)


def test_a_wrong_key_alone_is_healed_by_a_right_one_at_once(stack, operator):
    wrong = add(operator, "keys", "sk-wrong")
    stack.faults(site="keys", key="sk-wrong", fault="401", count=-1)
    wait_until(lambda: call(stack, "keys").status_code == 503, "the wrong key is refused", 10)
    right = add(operator, "keys", "sk-right")
    wait_until(lambda: call(stack, "keys").status_code == 200, "the right one serves", 5)
    for row in (wrong, right):
        disable(operator, row)


def test_a_limited_key_rests_while_the_other_works(stack, operator):
    rows = [add(operator, "keys", secret) for secret in ("sk-limited", "sk-free")]
    stack.change("UPDATE tollgate.snapshot_version SET version = version + 1")
    stack.faults(site="keys", key="sk-limited", fault="429;retry_after=60", count=-1)
    before = len(seen(stack, "keys"))
    assert [call(stack, "keys").status_code for _ in range(10)] == [200] * 10
    assert [line["status"] for line in seen(stack, "keys")[before:]].count(429) <= 1
    for row in rows:
        disable(operator, row)


# ---- AWS ----

def test_requests_to_amazon_are_signed_as_it_reads_them(stack, operator):
    stack.faults(site="cloud", fault="needs-signature", count=-1)
    wrong = add(operator, "cloud", "AKIDEXAMPLE:another/secret", variables={"AWS_REGION": "eu-west-3"})
    wait_until(lambda: call(stack, "cloud").status_code == 503, "a wrong signature is refused", 10)
    assert seen(stack, "cloud")[-1]["status"] == 403
    add(operator, "cloud", "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", variables={"AWS_REGION": "eu-west-3"})
    until_called(stack, "cloud")
    disable(operator, wrong)
    answer = call(stack, "cloud", stream=True)
    assert answer.status_code == 200 and "[DONE]" in answer.text
    line = seen(stack, "cloud")[-1]
    assert line["status"] == 200 and line["path"].startswith("/cloud/model/m.cloud/converse-stream")
    assert line["headers"]["authorization"] == "AWS4-HMAC-SHA256"


# ---- tokens ----

@pytest.fixture(scope="module")
def account(stack):
    """A service account's key file, as Google gives it."""
    pem = run("openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    return {"type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": pem,
            "client_email": "tollgate@p.iam.example", "token_uri": stack.provider_url + "/issuer/v1/token"}


def token_calls(stack):
    return [line for line in stack.truth() if line["endpoint"] == "token"]


def test_a_service_account_gets_a_token_whatever_befalls_the_issuer(stack, operator, account):
    """Down, senseless, refusing: until there is a token the model is not there, and nothing else suffers."""
    stack.faults(site="vertex", fault="needs-token", count=-1)
    for fault in ("503", "html", "401"):
        stack.faults(site="issuer", fault=fault, count=1)
    row = add(operator, "vertex", account)
    wait_until(lambda: call(stack, "vertex").status_code == 404, "without a token it cannot be called", 10)
    until_called(stack, "vertex")
    assert len(token_calls(stack)) == 4
    failed = [line for line in lines_of(stack, "token.failed") if line["provider"] == "vertex"]
    assert len(failed) == 3 and all(line["has_one"] == 0 for line in failed)
    assert {line["credential"] for line in lines_of(stack, "credential.unusable")} >= {row["id"]}
    assert stack.gateway.metrics()["tollgate_credentials_unusable"] == 0
    answer = call(stack, "vertex", stream=True)
    assert answer.status_code == 200 and "[DONE]" in answer.text
    disable(operator, row)


def test_a_token_is_renewed_before_it_ends_and_goes_with_it(stack, operator):
    stack.faults(site="client", fault="needs-token", count=-1)
    stack.faults(site="issuer", fault="expires_s=4", count=2)
    client = {"type": "client", "client_id": "app", "client_secret": "s3cret&=+", "scope": "models",
              "token_uri": stack.provider_url + "/issuer/v1/token"}
    before = len(token_calls(stack))
    row = add(operator, "client", client)
    until_called(stack, "client")
    stack.faults(site="issuer", fault="stall", count=-1)  # behind the two short lives: nobody renews the second
    statuses = set()

    def renewed():
        statuses.add(call(stack, "client").status_code)
        return len([line for line in token_calls(stack)[before:] if line["status"] == 200]) == 2

    wait_until(renewed, "it is renewed", 10)
    assert statuses == {200}, "no request waits for it or fails of it"
    wait_until(lambda: call(stack, "client").status_code == 404, "it is over, and the issuer says nothing", 10)
    disable(operator, row)


def test_neither_secrets_nor_tokens_are_in_logs_and_copies(stack, account):
    found = [line for file in stack.folder.rglob("*") if file.is_file() and file.suffix in (".log", "")
             for line in file.read_bytes().splitlines()
             if b"ya29.fake" in line or b"s3cret" in line or b"PRIVATE KEY" in line or b"wJalrX" in line]
    assert found == []


# ---- names ----

def test_the_customer_names_deployments_on_azures_classic_path(stack, operator):
    row = add(operator, "classic", "azure-key")
    until_called(stack, "classic")
    assert seen(stack, "classic")[-1]["path"] == "/classic/openai/deployments/m.classic/chat/completions"
    deployment, = operator.all("/deployments", model="test/classic")
    own = add(operator, "classic", "azure-key", deployment=deployment["id"], variables={"UPSTREAM_ID": "our-gpt"})

    def by_its_name():
        assert call(stack, "classic").status_code == 200
        return seen(stack, "classic")[-1]["path"] == "/classic/openai/deployments/our-gpt/chat/completions"

    wait_until(by_its_name, "the deployment is called by its name", 10)
    line = seen(stack, "classic")[-1]
    assert line["query"] == "api-version=2024-10-21" and line["headers"]["api-key"]
    for one in (row, own):
        disable(operator, one)


@pytest.mark.parametrize("secret, word", [
    ({"type": "service_account", "client_email": "a"}, "private_key"),
    ({"client_id": "a", "client_secret": "b"}, "tenant_id"),
    ({"client_id": "a", "client_secret": "b", "token_uri": "http://10.0.0.1/token"}, "https"),
    ({"type": "authorized_user"}, "type"),
    ("{\"type\":", "JSON"),
])
def test_a_grant_that_is_none_is_refused(operator, secret, word):
    body = {"provider": "vertex", "name": "n", "secret": secret if isinstance(secret, str) else json.dumps(secret)}
    assert word in operator.refused("POST", "/credentials", body)["secret"]
