"""Two tenants with one of everything, and callers of each: what tests of who sees what stand on."""

import dataclasses
import os
from datetime import datetime, timedelta, timezone

from .contract import load_routes
from .process import wait_until

PASSWORD = "correct horse battery staple"
ROLES = ("owner", "admin", "billing", "developer", "viewer")


@dataclasses.dataclass(frozen=True)
class Caller:
    name: str
    role: str | None = None  # None: nobody
    tenant: str | None = None  # None: sees all, or nobody
    scopes: frozenset | None = None  # of a management key
    bearer: str | None = None

    def may(self, route, target):
        """The status that this caller gets when `target` is the tenant of the path: None is "gets past"."""
        if "public" in route["roles"]:
            return None
        if self.role is None:
            return 401
        if "{tenant}" in route["path"] and self.tenant not in (None, target):
            return 404
        if self.scopes is not None and route.get("scope") not in self.scopes:
            return 403
        return None if self.role in route["roles"] else 403


@dataclasses.dataclass
class Side:
    """One tenant with one of everything, and what of it nobody else may see."""
    tenant: str
    ids: dict
    marks: list
    callers: list


def all_scopes():
    return sorted({route["scope"] for route in load_routes() if route.get("scope")})


def make_callers(plane, operator, tenant, word, marks):
    callers = []
    for role in ROLES:
        email = f"{role}-{os.urandom(5).hex()}@{word}.example"
        made = operator.post(f"/tenants/{tenant}/members", {"email": email, "role": role, "name": f"{word} {role}",
                                                            "password": PASSWORD})["member"]
        marks += [made["id"], email]
        token = plane.login(email, PASSWORD, bearer=True, tenant=tenant, address=f"192.0.2.{len(marks) % 250}").json()["token"]
        callers.append(Caller(f"{word} {role}", role, tenant, None, token))
    for name, scopes in (("all scopes", all_scopes()), ("one scope", ["tenant:read"])):
        made = operator.post(f"/tenants/{tenant}/keys", {"name": f"{word} {name}", "kind": "mgmt", "scopes": scopes})
        marks.append(made["key"]["id"])
        callers.append(Caller(f"{word} key with {name}", "admin", tenant, frozenset(scopes), made["secret"]))
    return callers


def make_invoice(stack, tenant, event):
    wait_until(lambda: datetime.now(timezone.utc) > event["event_time"] + timedelta(seconds=1), "the event's second is over")
    until = datetime.now(timezone.utc).replace(microsecond=0)
    said = []

    def closed():
        try:
            return stack.billing_run("close", "--tenant", tenant, "--now", "--until", until.isoformat())
        except AssertionError as problem:
            said[:] = [str(problem)]
            return None

    try:
        wait_until(closed, "the invoice is closed", 30)
    except AssertionError:
        raise AssertionError(said[0]) from None


def make_side(stack, plane, operator, word):
    made = stack.new_tenant()
    tenant = made["tenant"]
    operator.patch(f"/tenants/{tenant}", {"name": f"{word} and sons"})
    answer = stack.post("/v1/chat/completions", {"model": "openai/gpt-4.1", "max_tokens": 5,
                                                 "messages": [{"role": "user", "content": "hi"}]}, key=made["key"])
    assert answer.status_code == 200, answer.text
    request = answer.headers["x-request-id"]
    make_invoice(stack, tenant, stack.event(request))
    invoice = operator.get(f"/tenants/{tenant}/invoices")["data"][0]["id"]
    ids = {"tenant": tenant, "project": made["project"], "key": made["key_id"], "request": request, "invoice": invoice}
    preset = operator.post(f"/tenants/{tenant}/presets", {"name": f"{word}-preset", "body": {"model": "openai/gpt-4.1"}})
    operator.patch(f"/tenants/{tenant}/routing", {"preset": preset["name"]})
    marks = [preset["id"], preset["name"], *ids.values(), made["public_part"], f"{word} and sons"]
    callers = make_callers(plane, operator, tenant, word, marks)
    ids.update(preset=preset["name"], version="1")
    ids["member"] = operator.get(f"/tenants/{tenant}/members")["data"][0]["id"]
    return Side(tenant, ids, marks, callers)
