"""Members and operators: who makes, changes and disables whom, and who stays."""

import os

import pytest

from support.control import problem
from support.people import *  # noqa: F403


def test_a_member_is_made_with_a_password_that_is_shown_once(plane, owner, members):
    email = fresh()
    made = owner.post(members, {"email": email, "role": "developer"})
    assert made["member"]["status"] == "active" and made["member"]["last_seen_at"] is None
    who = plane.login(email, made["password"]).json()
    assert who["id"] == made["member"]["id"] and who["role"] == "developer"
    shown = owner.get(f"{members}/{who['id']}")
    assert shown["last_seen_at"] and "password" not in shown
    assert {**shown, "last_seen_at": None} == made["member"]
    problem(owner.call("POST", members, {"email": email.upper(), "role": "viewer"}), 409, "conflict")


def test_members_are_listed_searched_and_paged(owner, members, make_member):
    word = os.urandom(4).hex()
    made = [make_member(role, email=f"{role}-{word}@example.com") for role in ("admin", "billing", "viewer")]
    page = owner.get(members, q=word.upper(), limit=2)
    assert [one["id"] for one in page["data"]] == [made[2]["id"], made[1]["id"]] and page["next_cursor"]
    rest = owner.get(members, q=word, limit=2, cursor=page["next_cursor"])
    assert [one["id"] for one in rest["data"]] == [made[0]["id"]] and rest["next_cursor"] is None
    assert [one["id"] for one in owner.get(members, q=word, role="billing")["data"]] == [made[1]["id"]]
    assert owner.get(members, q=word, status="disabled")["data"] == []
    csv = owner.call("GET", members, params={"q": word, "format": "csv"})
    assert csv.text.splitlines()[0] == "id,tenant,email,name,role,status,created_at,last_seen_at"
    assert len(csv.text.splitlines()) == 4 and "hash" not in csv.text


def test_a_disabled_member_is_out_at_once(plane, owner, members, sign_in):
    browser = sign_in("developer")
    path = f"{members}/{browser.member['id']}"
    problem(owner.call("PATCH", path, {"status": "disabled"}), 428, "needs_match")
    problem(owner.patch(path, {"status": "disabled"}, etag="99"), 412, "changed")
    changed = owner.patch(path, {"status": "disabled"}, etag=browser.member["etag"])
    assert changed.status_code == 200 and changed.json()["status"] == "disabled"
    assert changed.headers["etag"] == f'"{changed.json()["etag"]}"' and changed.json()["etag"] != browser.member["etag"]
    problem(browser.call("GET", "/session"), 401, "not_signed_in")
    problem(plane.login(browser.member["email"], GOOD, address=address()), 401, "wrong_login")
    assert owner.patch(path, {"status": "active"}).status_code == 200
    assert plane.login(browser.member["email"], GOOD, address=address()).status_code == 201


def test_the_last_owner_stays_one(plane, operator, other_tenant, make_member):
    path = f"/tenants/{other_tenant}/members"
    one = make_member("owner", by=operator, path=path)
    browser = plane.browser(one["email"], GOOD)
    for change in ({"role": "admin"}, {"status": "disabled"}, {"role": "viewer", "status": "disabled"}):
        problem(browser.patch(f"{path}/{one['id']}", change), 409, "conflict")
    assert browser.patch(f"{path}/{one['id']}", {"name": "Ada", "role": "owner"}).status_code == 200
    two = make_member("owner", by=browser, path=path)
    assert browser.patch(f"{path}/{two['id']}", {"status": "disabled"}).status_code == 200
    problem(browser.patch(f"{path}/{one['id']}", {"role": "admin"}), 409, "conflict")
    assert browser.patch(f"{path}/{two['id']}", {"status": "active"}).status_code == 200
    assert browser.patch(f"{path}/{one['id']}", {"role": "admin"}).status_code == 200
    # What the session may do changed with the role.
    problem(browser.patch(f"{path}/{two['id']}", {"name": "x"}), 403, "forbidden")


def test_admins_leave_owners_alone(owner, members, sign_in, make_member):
    admin, other = sign_in("admin"), make_member("owner")
    problem(admin.call("POST", members, {"email": fresh(), "role": "owner"}), 403, "forbidden")
    problem(admin.patch(f"{members}/{other['id']}", {"name": "x"}), 403, "forbidden")
    problem(admin.call("POST", f"{members}/{other['id']}/reset-password"), 403, "forbidden")
    problem(admin.patch(f"{members}/{admin.member['id']}", {"role": "owner"}), 403, "forbidden")
    made = admin.post(members, {"email": fresh(), "role": "admin"})["member"]
    assert admin.patch(f"{members}/{made['id']}", {"role": "viewer"}).json()["role"] == "viewer"


@pytest.mark.parametrize("role", ["billing", "developer", "viewer"])
def test_others_read_only(sign_in, members, role):
    browser = sign_in(role)
    assert browser.get(members)["data"]
    found = problem(browser.call("POST", members, {"email": fresh(), "role": "viewer"}), 403, "forbidden")
    assert found["allowed"] == ["operator", "owner", "admin"]
    problem(browser.patch(f"{members}/{browser.member['id']}", {"role": "admin"}), 403, "forbidden")
    problem(browser.call("POST", f"{members}/{browser.member['id']}/reset-password"), 403, "forbidden")
    problem(browser.call("GET", f"/tenants/{browser.who['tenant']['id']}/audit"), 403, "forbidden")
    problem(browser.call("GET", "/operators"), 403, "forbidden")


@pytest.mark.parametrize("body, field", [
    ({"email": "a@example.com", "role": "king"}, "role"), ({"email": "x", "role": "viewer"}, "email"),
    ({"email": "a@example.com"}, "role"), ({"email": "a@example.com", "role": "viewer", "password": "short"}, "password"),
    ({"email": "a@example.com", "role": "viewer", "password": "A@example.com"}, "password"),
    ({"email": "a@example.com", "role": "viewer", "password_hash": "x"}, "password_hash"),
    ({"email": "a@example.com", "role": "viewer", "tenant": "ten_1"}, "tenant"),
])
def test_members_that_cannot_be(owner, members, body, field):
    found = problem(owner.call("POST", members, body), 422, "invalid_field")
    assert [error["field"] for error in found["errors"]] == [field]


def test_another_tenants_members_are_not_there(operator, owner, other_tenant, make_member):
    theirs = f"/tenants/{other_tenant}/members"
    member = make_member("viewer", by=operator, path=theirs)
    for method, path, body in (("GET", theirs, None), ("GET", f"{theirs}/{member['id']}", None),
                               ("POST", theirs, {"email": fresh(), "role": "owner"}),
                               ("PATCH", f"{theirs}/{member['id']}", {"name": "x"}),
                               ("POST", f"{theirs}/{member['id']}/reset-password", None),
                               ("GET", f"/tenants/{other_tenant}/audit", None)):
        problem(owner.call(method, path, body, headers={"if-match": "*"}), 404, "not_found")
    # And not through one's own tenant either.
    own = f"/tenants/{owner.who['tenant']['id']}/members/{member['id']}"
    problem(owner.call("GET", own), 404, "not_found")
    problem(owner.patch(own, {"name": "x"}), 404, "not_found")
    problem(owner.call("POST", own + "/reset-password"), 404, "not_found")
    problem(operator.call("GET", own), 404, "not_found")


def test_a_password_that_is_reset_is_shown_once_and_ends_sessions(plane, owner, members, sign_in):
    browser = sign_in("billing")
    made = owner.post(f"{members}/{browser.member['id']}/reset-password")
    assert list(made) == ["password"] and len(made["password"]) == 20
    problem(browser.call("GET", "/session"), 401, "not_signed_in")
    problem(plane.login(browser.member["email"], GOOD, address=address()), 401, "wrong_login")
    assert plane.login(browser.member["email"], made["password"], address=address()).status_code == 201


# ---- operators ----

def test_operators_make_and_disable_each_other_but_not_themselves(plane, operator):
    email = fresh("operator")
    made = operator.post("/operators", {"email": email, "name": "Second"})
    second = plane.browser(email, made["password"])
    assert second.who["kind"] == "operator" and second.get("/operators", q=email)["data"][0]["name"] == "Second"
    path = f"/operators/{made['operator']['id']}"
    problem(second.patch(path, {"status": "disabled"}), 409, "conflict")
    problem(operator.call("POST", "/operators", {"email": email.upper()}), 409, "conflict")
    new = operator.post(f"{path}/reset-password")["password"]
    problem(second.call("GET", "/session"), 401, "not_signed_in")
    second = plane.browser(email, new)
    assert operator.patch(path, {"status": "disabled", "name": "Gone"}, made["operator"]["etag"]).status_code == 412
    assert operator.patch(path, {"status": "disabled", "name": "Gone"}).json()["name"] == "Gone"
    problem(second.call("GET", "/session"), 401, "not_signed_in")
    problem(plane.login(email, new, address=address()), 401, "wrong_login")


def test_members_see_no_operators(owner, operator):
    for path in ("/operators", f"/operators/{operator.who['id']}", "/audit", "/audit/verify"):
        problem(owner.call("GET", path), 403, "forbidden")
