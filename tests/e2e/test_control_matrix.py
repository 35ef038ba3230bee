"""Every route for everybody, made from the table of routes: who may, who may not, and that nothing of another tenant is seen.

Authorization comes before a body is looked at, so a body that no route takes shows who got past it without changing anything.
"""

import os
import re

import pytest

from support.contract import differences, load_contract, load_routes
from support.ids import uuid_of
from support.people import operator, plane  # noqa: F401
from support.sides import PASSWORD, Caller, make_side

NO_BODY_TAKES_THIS = {"no_such_member": 1}


@pytest.fixture(scope="module")
def sides(stack, plane, operator):
    return make_side(stack, plane, operator, "alpha"), make_side(stack, plane, operator, "omega")


@pytest.fixture(scope="module")
def shared(operator):
    """Ids that belong to no tenant."""
    credential = operator.post("/credentials", {"provider": operator.get("/providers")["data"][0]["id"], "name": "matrix",
                                                "secret": "sk-matrix-secret-of-a-provider"})
    found = {"credential": credential.get("credential", credential)["id"],
             "operator": operator.get("/operators")["data"][0]["id"],
             "deployment": operator.get("/deployments")["data"][0]["id"],
             "price": operator.get("/prices")["data"][0]["id"],
             "plan_version": operator.get("/plans")["data"][0]["id"],
             "provider": operator.get("/providers")["data"][0]["id"],
             "model": operator.get("/models", status="published")["data"][0]["id"].replace("/", "%2F")}
    return found


def fill(path, ids):
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)


def call(plane, route, path, bearer, body=None):
    if route["method"] == "GET":
        return plane.call("GET", path, bearer=bearer)
    if body is None:
        body = NO_BODY_TAKES_THIS
    return plane.call(route["method"], path, None if route["method"] == "DELETE" and not body else body, bearer=bearer,
                      headers={"if-match": "*", "idempotency-key": os.urandom(16).hex()})


def word_of(answer):
    return answer.json()["type"].rsplit(":", 1)[1]


def complaint(route, who, target, answer):
    """What is wrong with this cell of the matrix, or None."""
    wanted = who.may(route, target)
    if wanted is None:
        fine = (200, 204) if route["method"] == "GET" else (422,) if route["method"] != "DELETE" else (400,)
        return None if answer.status_code in fine else f"may, but {answer.status_code} {answer.text[:200]}"
    words = {401: ("not_signed_in",), 403: ("forbidden", "scope"), 404: ("not_found",)}[wanted]
    if answer.status_code != wanted or word_of(answer) not in words:
        return f"wanted {wanted}, got {answer.status_code} {answer.text[:200]}"
    return None


def test_the_table_and_the_contract_agree():
    assert differences(load_contract(), load_routes()) == []


def test_every_caller_gets_what_the_table_says_and_nothing_of_another_tenant(plane, stack, sides, shared):
    alpha, omega = sides
    root = Caller("operator", "operator", None, None, stack.boot["TOLLGATE_OPERATOR_TOKEN"])
    wrong, cells, leaks, own = [], 0, 0, 0
    for route in load_routes():
        for target, other in ((alpha, omega), (omega, alpha)):
            path = fill(route["path"], {**shared, **target.ids})
            for who in (Caller("nobody"), root, *alpha.callers, *omega.callers):
                answer = call(plane, route, path, who.bearer)
                cells += 1
                said = complaint(route, who, target.tenant, answer)
                where = f"{who.name}: {route['method']} {path}"
                if said:
                    wrong.append(f"{where}: {said}")
                hidden = [] if who.role == "operator" else (omega if who.tenant == alpha.tenant else alpha).marks
                seen = [mark for mark in hidden if mark in answer.text and mark not in path]
                own += who.tenant == target.tenant and any(mark in answer.text for mark in target.marks)
                if who.role is not None and seen:
                    leaks += 1
                    wrong.append(f"{where}: shows {seen}")
    print(f"\nmatrix: {len(load_routes())} routes, {cells} cells, {len(wrong)} wrong, {leaks} leaks")
    assert not wrong, "\n".join(wrong)
    assert own > 100  # the marks are such that would be seen


# ---- another tenant's objects below one's own tenant ----

EXAMPLES = {"text": "x", "secret": PASSWORD, "email": "matrix@example.com", "int": 1, "bool": True, "usd": "1",
            "time": "2030-01-01T00:00:00Z", "texts": [], "json": {}}


def example_body(route):
    """The least that the table takes: what is required, and of a change its first member."""
    body = {}
    for number, field in enumerate(route["body"]):
        if field["required"] or (route["method"] == "PATCH" and number == 0):
            body[field["name"]] = field["choices"][0] if field["type"] == "choice" else EXAMPLES.get(field["type"])
    return body


def of_objects():
    return [route for route in load_routes()
            if "{tenant}/" in route["path"] and "{" in route["path"].split("{tenant}", 1)[1]]


def test_anothers_objects_are_not_there(plane, stack, operator, sides):
    alpha, omega = sides
    before = {name: operator.get(fill(f"/tenants/{{tenant}}/{name}s/{{{name}}}", omega.ids)) for name in ("key", "member", "project")}
    root = Caller("operator", "operator", None, None, stack.boot["TOLLGATE_OPERATOR_TOKEN"])
    wrong, cells = [], 0
    for route in of_objects():
        path = fill(route["path"], {**omega.ids, "tenant": alpha.tenant})
        for who in (root, *alpha.callers):
            if who.may(route, alpha.tenant) is not None:
                continue
            answer = call(plane, route, path, who.bearer, example_body(route))
            cells += 1
            if answer.status_code != 404 or word_of(answer) != "not_found":
                wrong.append(f"{who.name}: {route['method']} {path}: {answer.status_code} {answer.text[:200]}")
            if [mark for mark in omega.marks if mark in answer.text and mark not in path]:
                wrong.append(f"{who.name}: {route['method']} {path} shows {answer.text[:300]}")
    print(f"\nobjects of another tenant: {cells} calls, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    for name, was in before.items():
        assert operator.get(fill(f"/tenants/{{tenant}}/{name}s/{{{name}}}", omega.ids)) == was


def test_filters_by_anothers_ids_find_nothing(plane, sides):
    alpha, omega = sides
    owner = alpha.callers[0]
    cells = 0
    for route in load_routes():
        if route["method"] != "GET" or "{tenant}" not in route["path"] or owner.may(route, alpha.tenant) is not None:
            continue
        for field in route["query"]:
            value = omega.ids.get(field["name"])
            if field["type"] != "id" or value is None:
                continue
            path = fill(route["path"], alpha.ids)
            answer = plane.call("GET", path, bearer=owner.bearer, params={field["name"]: value})
            cells += 1
            assert answer.status_code in (200, 404, 422), answer.text
            assert not [mark for mark in omega.marks if mark in answer.text and mark != value], answer.text
            if answer.status_code == 200 and "data" in answer.json():
                assert answer.json()["data"] == [] or field["name"] not in answer.json()["data"][0]
    assert cells > 0


def test_a_body_cannot_name_anothers_objects(plane, sides):
    alpha, omega = sides
    owner = alpha.callers[0]
    answer = plane.call("POST", f"/tenants/{alpha.tenant}/keys", {"name": "x", "project": omega.ids["project"]}, bearer=owner.bearer)
    assert answer.status_code in (404, 422), answer.text
    assert omega.ids["project"] not in answer.text or answer.status_code == 422


@pytest.mark.parametrize("member,value", [("credit_limit", "1000"), ("status", "closed")])
def test_a_tenant_does_not_raise_itself(plane, operator, sides, member, value):
    alpha, _ = sides
    before = operator.get(f"/tenants/{alpha.tenant}")
    for who in alpha.callers:
        answer = plane.call("PATCH", f"/tenants/{alpha.tenant}", {member: value}, bearer=who.bearer, headers={"if-match": "*"})
        assert answer.status_code in (403, 422), answer.text
    assert operator.get(f"/tenants/{alpha.tenant}") == before


def test_nobody_makes_somebody_above_themselves(plane, sides):
    alpha, _ = sides
    may = {who.role: who for who in alpha.callers if who.scopes is None}
    body = {"email": f"up-{os.urandom(4).hex()}@example.com", "role": "owner", "password": PASSWORD}
    for role in ("admin", "billing", "developer", "viewer"):
        answer = plane.call("POST", f"/tenants/{alpha.tenant}/members", body, bearer=may[role].bearer)
        assert answer.status_code in (403, 422), f"{role}: {answer.text}"
    key = next(who for who in alpha.callers if who.scopes and len(who.scopes) > 1)
    answer = plane.call("POST", f"/tenants/{alpha.tenant}/keys", {"name": "x", "kind": "mgmt", "scopes": ["tenant:read"]},
                        bearer=key.bearer)
    assert answer.status_code in (403, 422), answer.text
    answer = plane.call("POST", f"/tenants/{alpha.tenant}/keys", {"name": "x", "kind": "mgmt", "scopes": ["members:write"]},
                        bearer=may["developer"].bearer)
    assert answer.status_code in (403, 422), answer.text


# ---- the database by itself ----

def test_the_application_role_sees_no_row_without_a_tenant(stack, sides):
    guarded = stack.query(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'tollgate' "
        "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity "
        "AND has_table_privilege('tollgate_control', c.oid, 'SELECT') ORDER BY 1")
    assert len(guarded) >= 25
    seen = {}
    with stack.cluster.connect(stack.database, "tollgate_control") as db:
        for table in guarded:
            count = db.execute(f'SELECT count(*) FROM tollgate."{table["name"]}"').fetchone()[0]
            if count:
                seen[table["name"]] = count
    print(f"\nrow-level security: {len(guarded)} tables, {len(seen)} with rows that nobody may see")
    assert seen == {}


def test_the_application_role_of_one_tenant_sees_no_row_of_another(stack, sides):
    alpha, omega = sides
    guarded = stack.query(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped WHERE n.nspname = 'tollgate' "
        "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND has_table_privilege('tollgate_control', c.oid, 'SELECT')")
    with stack.cluster.connect(stack.database, "tollgate_control") as db:
        db.execute("SELECT set_config('tollgate.operator', 'off', false), set_config('tollgate.tenant', %s, false)",
                   [str(uuid_of(alpha.tenant))])
        for table in guarded:
            rows = db.execute(f'SELECT count(*) FROM tollgate."{table["name"]}" WHERE tenant_id = %s',
                              [uuid_of(omega.tenant)]).fetchone()[0]
            assert rows == 0, f"{table['name']} shows {rows} rows of another tenant"
