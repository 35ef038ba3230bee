"""A deployment in which somebody has lived: keys, projects, members, calls that went well and others that did not, and
in every text that a person may write, one after the other, the twenty payloads."""

import httpx
import openai
from payloads import PAYLOADS
from support.process import wait_until

MODEL = "openai/gpt-4.1-mini"
RENAMED = ["openai/gpt-4.1-nano", "openai/gpt-4o-mini"]


def names(owner, operator, tenant):
    """What tenants and operators name; a key and a project of each payload."""
    path = f"/tenants/{tenant}"
    for number, text in enumerate(PAYLOADS):
        owner.post(f"{path}/projects", {"name": text})
        key = owner.post(f"{path}/keys", {"name": text})["key"]["id"]
        if number < 3:
            owner.post(f"{path}/keys/{key}/revoke", {"reason": text})
        owner.post(f"{path}/members", {"email": f"guest-{number}@example.com", "name": text, "role": "viewer"})
        operator.post("/tenants", {"name": text})
        operator.post(f"{path}/credits", {"amount": "0.5", "reason": text}, headers={"idempotency-key": f"credit-{number}"})
        operator.post("/plans", {"plan": f"plan-{number}", "name": text, "markup_percent": "7.5"})
        operator.post("/credentials", {"provider": "openai", "name": text, "secret": "sk-test-0123456789abcdef"})
    for model, text in zip(RENAMED, PAYLOADS):
        answer = operator.patch(f"/models/{model.replace('/', '%2F')}", {"name": text, "status_reason": text})
        assert answer.status_code == 200, answer.text


def presets(owner, tenant):
    """A preset in two versions, with a text in it, that is the tenant's default."""
    path = f"/tenants/{tenant}/presets"
    body = {"model": MODEL, "override_params": {"system": " ".join(PAYLOADS)}}
    owner.post(path, {"name": "fast", "body": body})
    owner.post(path, {"name": "slow-and-good", "body": {"strategy": {"mode": "fallback"}, "targets": [body, {"model": MODEL}]}})
    for more in ({"targets": []}, {}):
        answer = owner.call("PUT", f"{path}/fast", {"body": {"model": MODEL, "provider": {"zdr": True}, **more}},
                            headers={"if-match": "*"})
        assert answer.status_code == (422 if more else 200), answer.text
    assert owner.patch(f"/tenants/{tenant}/routing", {"preset": "slow-and-good"}).status_code == 200


def calls(stack):
    client = stack.client()
    say = [{"role": "user", "content": "Say hello."}]
    for number in range(12):
        client.chat.completions.create(model=MODEL, max_tokens=20, messages=say, user=PAYLOADS[number])
    with client.chat.completions.create(model=MODEL, max_tokens=20, messages=say, stream=True) as stream:
        for _ in stream:
            pass
    stack.faults(fault="500", count=20)
    for _ in range(2):
        try:
            client.chat.completions.create(model=MODEL, max_tokens=20, messages=say)
        except openai.APIStatusError:
            pass
    httpx.delete(stack.provider_url + "/control").raise_for_status()
    for text in PAYLOADS[:3]:
        try:
            client.chat.completions.create(model=text, messages=say, extra_headers={"user-agent": text})
        except openai.APIStatusError:
            pass


def furnish(stack):
    """What pages there are: name → path below /console/, of members and of operators."""
    owner, operator = stack.plane.owner(), stack.plane.operator()
    tenant = stack.tenant
    path = f"/tenants/{tenant}"
    calls(stack)
    names(owner, operator, tenant)
    presets(owner, tenant)
    wait_until(lambda: len(stack.events()) >= 13, "the calls are booked", 60)
    wait_until(lambda: owner.get(f"{path}/requests")["data"], "the requests are listed", 60)

    def first(what, side=owner):
        return side.get(what)["data"][0]["id"]

    request, key = first(f"{path}/requests"), first(f"{path}/keys")
    project, member = first(f"{path}/projects"), first(f"{path}/members")
    return {
        "member": {
            "overview": f"t/{tenant}/overview",
            "requests": f"t/{tenant}/requests",
            "request": f"t/{tenant}/requests?open={request}",
            "keys": f"t/{tenant}/keys",
            "key": f"t/{tenant}/keys?open={key}",
            "ledger": f"t/{tenant}/billing/ledger",
            "invoices": f"t/{tenant}/billing/invoices",
            "credits": f"t/{tenant}/billing/credits",
            "projects": f"t/{tenant}/projects",
            "project": f"t/{tenant}/projects?open={project}",
            "members": f"t/{tenant}/members",
            "member": f"t/{tenant}/members?open={member}",
            "preset": f"t/{tenant}/routing/presets?open=slow-and-good",
            "rules": f"t/{tenant}/routing/rules",
            "try": f"t/{tenant}/routing/try?model=%40preset%2Ffast",
            "account": "account",
            "nowhere": "nowhere/at/all",
        },
        "operator": {
            "tenants": "tenants",
            "tenant": f"tenants/{tenant}",
            "seen-as-operator": f"t/{tenant}/overview",
            "catalog": "catalog",
            "model": f"catalog/models/{RENAMED[0].replace('/', '%2F')}",
            "import": "catalog/import",
            "prices": "prices",
            "providers": "providers",
            "plans": "plans",
            "status": "status",
            "audit": "audit",
        },
    }
