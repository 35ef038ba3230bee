"""A Tollgate whose catalog has a provider of the tests' own, rocket, with one model: fixtures of a module, and calls."""

import copy
import datetime
import json

import httpx
import pytest

from .answers import Answers
from .behind import Behind
from .process import ROOT, wait_until

HELLO = [{"role": "user", "content": "Tell me something about rivers."}]
SECRET = "sk-rocket-4711"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "rocket",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Rivers run."}, "finish_reason": "stop"}],
    "usage": USAGE}).encode()


@pytest.fixture(scope="module")
def rocket():
    """A provider that tells who called it by what secret."""
    behind = Behind()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)
    behind.answer = lambda seen, send: send(head + ANSWER)
    yield behind
    behind.stop()


@pytest.fixture(scope="module")
def stack(make_stack):
    stack = make_stack(gateways=0)
    stack.serve_control()
    stack.master_keys = stack.folder / "master.key"
    stack.add_gateway(0, master_key_file=stack.master_keys)
    return stack


class Api:
    """Calls the control plane, and holds each of its answers to the contract."""
    answers = Answers()

    def __init__(self, stack, token):
        self.http = httpx.Client(base_url=stack.plane.url + "/control/v1", timeout=30,
                                 headers={"authorization": f"Bearer {token}"})

    def __call__(self, method, path, body=None, status=200, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if not answer.headers.get("content-type", "").endswith("json"):
            return answer.text
        self.answers.check(method, path, status, answer.json())
        return answer.json()

    def get(self, path, **query):
        return self("GET", path + ("?" + str(httpx.QueryParams(query)) if query else ""))

    def all(self, path, **query):
        rows, cursor = [], {}
        while True:
            page = self.get(path, **query, **cursor)
            rows += page["data"]
            if page["next_cursor"] is None:
                return rows
            cursor = {"cursor": page["next_cursor"]}

    def patch(self, path, **body):
        return self("PATCH", path, body, if_match="*")

    def refused(self, method, path, body=None, status=422, **headers):
        """What was wrong, by member."""
        problem = self(method, path, body, status, **headers)
        assert problem["status"] == status and problem["request_id"].startswith("gen_")
        return {wrong["field"]: wrong["message"] for wrong in problem.get("errors", [])} or problem["detail"]


@pytest.fixture(scope="module")
def operator(stack):
    return Api(stack, stack.boot["TOLLGATE_OPERATOR_TOKEN"])


@pytest.fixture(scope="module")
def member(stack, operator):
    """A management key of the tenant that may read models and nothing else."""
    made = operator("POST", f"/tenants/{stack.tenant}/keys", {
        "name": "models", "kind": "mgmt", "project": stack.boot["PROJECT"], "scopes": ["models:read"]}, 201)
    return Api(stack, made["secret"])


def rate(meter, usd):
    return {"meter": meter, "usd": usd}


def shipped():
    return json.loads((ROOT / "deploy/catalog/catalog.json").read_text("utf-8"))


def with_rocket(catalog, url, input_usd="2", output_usd="8"):
    """The catalog and a provider of ours, whose base URL leaves the account open."""
    catalog = copy.deepcopy(catalog)
    catalog["providers"].append({
        "slug": "rocket", "name": "Rocket", "variables": [{"name": "ACCOUNT", "what": "the account's name"}],
        "endpoints": [{"dialect": "openai-compatible", "base_url": url + "/${ACCOUNT}/v1", "auth": "bearer"}]})
    catalog["models"].append({
        "id": "rocket/one", "name": "Rocket One", "kind": "chat", "aliases": [], "deprecated": False,
        "deployments": [{
            "key": "rocket/rocket-1#1", "provider": "rocket", "upstream_id": "rocket-1", "failure_domain": "rocket",
            "dialect": "openai-compatible", "limits": {"context": 8000, "output": 1000},
            "capabilities": {"input": ["text"], "output": ["text"]},
            "rates": [rate("input", input_usd), rate("output", output_usd)], "prices_as_of": "2026-06-30",
            "source": "test"}]})
    return catalog


def later(minutes=11):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture(scope="module")
def imported(stack, operator, rocket):
    return operator("POST", "/catalog/imports", {"catalog": with_rocket(shipped(), rocket.url)})


@pytest.fixture(scope="module")
def deployment(operator, imported):
    found, = operator.all("/deployments", model="rocket/one")
    return found


def call(stack, key=None, model="rocket/one", gateway=None, only=None):
    """`only`: the one provider that may answer; else chance chooses among equals."""
    body = {"model": model, "messages": HELLO, "max_tokens": 50}
    if only:
        body["provider"] = {"only": [only]}
    return stack.post("/v1/chat/completions", body, key=key, gateway=gateway)


def until_status(stack, status, model="rocket/one", gateway=None):
    """A change is known to every gateway within 5 seconds."""
    last = []

    def there():
        last[:] = [call(stack, model=model, gateway=gateway)]
        return last[0].status_code == status

    wait_until(there, f"calls of {model} are answered with {status}", 5)
    return last[0]
