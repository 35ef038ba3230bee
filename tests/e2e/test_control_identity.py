"""Who may come in and what they may then do: logins, sessions, lockouts, keys, the audit log."""

import json

import pytest

from support.control import cookie_of, problem
from support.ids import uuid_of
from support.people import *  # noqa: F403


# ---- signing in ----

def test_a_login_says_who_and_sets_a_cookie_that_no_script_reads(stack, plane, owner):
    who = owner.who
    assert who["kind"] == "member" and who["role"] == "owner" and who["id"].startswith("mem_")
    assert who["email"] == stack.boot["TOLLGATE_MEMBER_EMAIL"] and who["tenant"]["id"] == stack.tenant
    assert who["scopes"] == [] and who["expires_at"] and len(who["csrf_token"]) == 43 and "token" not in who
    value, attributes = cookie_of(owner.login)
    assert value.startswith("tgs_") and len(value) == 47
    assert attributes == {"Path": "/control/v1", "HttpOnly": "", "SameSite": "Strict", "Max-Age": "43200"}
    assert value not in owner.login.text
    assert owner.get("/session") == who


def test_over_tls_the_cookie_is_secure(stack, plane):
    answer = plane.call("POST", "/session", {"email": stack.boot["TOLLGATE_OPERATOR_EMAIL"],
                                             "password": stack.boot["TOLLGATE_OPERATOR_PASSWORD"]},
                        headers={"x-forwarded-proto": "https"})
    assert answer.status_code == 201 and "Secure" in cookie_of(answer)[1]
    assert answer.json()["kind"] == "operator" and answer.json()["tenant"] is None


def test_only_the_hash_of_a_token_is_kept(stack, owner):
    rows = stack.query("SELECT s::text AS row, encode(sha256(%s), 'hex') AS hash FROM tollgate.sessions s "
                       "WHERE token_sha256 = sha256(%s)", owner.cookie.encode(), owner.cookie.encode())
    assert len(rows) == 1 and owner.cookie not in rows[0]["row"] and rows[0]["hash"] in rows[0]["row"]


def test_a_command_line_gets_a_token_and_no_cookie(plane, make_member):
    member = make_member("developer")
    answer = plane.login(member["email"], GOOD, bearer=True)
    assert answer.status_code == 201 and "set-cookie" not in answer.headers
    token = answer.json()["token"]
    assert token.startswith("tgs_") and answer.json()["csrf_token"] is None
    who = plane.call("GET", "/session", bearer=token)
    assert who.status_code == 200 and who.json()["id"] == member["id"]
    # It needs no x-csrf-token, and is good in no cookie.
    problem(plane.call("GET", "/session", headers={"cookie": f"tollgate_session={token}"}), 401, "not_signed_in")
    assert plane.call("DELETE", "/session", bearer=token).status_code == 204
    problem(plane.call("GET", "/session", bearer=token), 401, "not_signed_in")


def test_a_cookies_token_is_no_bearer_token(plane, sign_in):
    problem(plane.call("GET", "/session", bearer=sign_in().cookie), 401, "not_signed_in")


def cpu_ticks(program):
    with open(f"/proc/{program.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_a_wrong_login_does_not_tell_what_was_wrong(plane, make_member):
    member = make_member()
    details, ticks = set(), {}
    for email in (member["email"], fresh()):
        begun = cpu_ticks(plane.program)
        for _ in range(4):
            answer = plane.login(email, "not the password", address=address())
            details.add(problem(answer, 401, "wrong_login")["detail"])
        ticks[email] = cpu_ticks(plane.program) - begun
    assert len(details) == 1
    # As much is hashed for nobody as for somebody.
    known, unknown = ticks.values()
    assert unknown > 0.5 * known and known > 0.5 * unknown


@pytest.mark.parametrize("body, field", [
    ({}, "email"), ({"email": "a@b.c"}, "password"), ({"email": "nobody", "password": "x"}, "email"),
    ({"email": "a@b.c", "password": ""}, "password"), ({"email": "a@b.c", "password": "x" * 257}, "password"),
    ({"email": "a@b.c", "password": "x", "tenant": "mine"}, "tenant"),
    ({"email": "a@b.c", "password": "x", "role": "owner"}, "role"),
])
def test_a_login_that_is_none(plane, body, field):
    found = problem(plane.call("POST", "/session", body), 422, "invalid_field")
    assert field in [error["field"] for error in found["errors"]]
    assert "x" * 257 not in json.dumps(found)


def test_nobody_is_signed_in(plane):
    problem(plane.call("GET", "/session"), 401, "not_signed_in")
    problem(plane.call("GET", "/operators"), 401, "not_signed_in")


# ---- lockout ----

def test_five_failures_lock_a_person_out_and_a_success_forgets(stack, plane, make_member):
    member = make_member()
    for _ in range(5):
        problem(plane.login(member["email"], "not the password", address=address()), 401, "wrong_login")
    answer = plane.login(member["email"].upper(), GOOD, address=address())
    problem(answer, 429, "locked_out")
    assert 50 <= int(answer.headers["retry-after"]) <= 60
    stack.change("UPDATE tollgate.login_failures SET locked_until = now() WHERE subject = %s", f"email:{member['email']}")
    problem(plane.login(member["email"], "still not", address=address()), 401, "wrong_login")
    answer = plane.login(member["email"], GOOD, address=address())
    assert problem(answer, 429, "locked_out") and 110 <= int(answer.headers["retry-after"]) <= 120
    stack.change("UPDATE tollgate.login_failures SET locked_until = now() WHERE subject = %s", f"email:{member['email']}")
    assert plane.login(member["email"], GOOD, address=address()).status_code == 201
    for _ in range(4):
        problem(plane.login(member["email"], "not again", address=address()), 401, "wrong_login")
    assert plane.login(member["email"], GOOD, address=address()).status_code == 201


def test_an_unknown_address_is_locked_out_alike(plane):
    email = fresh()
    for _ in range(5):
        problem(plane.login(email, "not the password", address=address()), 401, "wrong_login")
    problem(plane.login(email, "not the password", address=address()), 429, "locked_out")


def test_a_client_that_tries_many_people_is_locked_out(stack, plane, make_member):
    member = make_member()
    stack.change("INSERT INTO tollgate.login_failures (subject, failures) VALUES ('address:2001:db8:1:2::', 28)")
    for last in range(2):
        problem(plane.login(fresh(), "not the password", address=f"2001:db8:1:2::{last}"), 401, "wrong_login")
    # Whole networks of IPv6 belong to one client.
    problem(plane.login(member["email"], GOOD, address="2001:db8:1:2:ffff::1"), 429, "locked_out")
    assert plane.login(member["email"], GOOD, address="2001:db8:1:3::1").status_code == 201


# ---- sessions ----

def age(stack, browser, **columns):
    """Moves times of the browser's session into the past."""
    sets = ", ".join(f"{name} = {name} - interval '{by}'" for name, by in columns.items())
    stack.change(f"UPDATE tollgate.sessions SET {sets} WHERE token_sha256 = sha256(%s)", browser.cookie.encode())


def with_cookie(plane, value):
    return plane.call("GET", "/session", headers={"cookie": f"theme=dark; tollgate_session={value}; b=c"})


def test_a_token_rotates_and_the_one_before_is_good_for_a_minute(stack, plane, sign_in):
    browser = sign_in()
    old, csrf = browser.cookie, browser.csrf
    assert "set-cookie" not in browser.call("GET", "/session").headers
    age(stack, browser, rotated_at="15 min")
    answer = browser.call("GET", "/session")
    new, attributes = cookie_of(answer)
    assert new != old and attributes["HttpOnly"] == "" and int(attributes["Max-Age"]) <= 43200
    assert answer.json()["csrf_token"] == csrf
    # A call beside it came with the old one: it is good, and its answer brings the same new one.
    beside = with_cookie(plane, old)
    assert beside.status_code == 200 and cookie_of(beside)[0] == new
    assert "set-cookie" not in with_cookie(plane, new).headers
    stack.change("UPDATE tollgate.sessions SET previous_until = now() WHERE previous_sha256 = sha256(%s)", old.encode())
    dead = with_cookie(plane, old)
    problem(dead, 401, "not_signed_in")
    assert cookie_of(dead) == ("", {"Path": "/control/v1", "HttpOnly": "", "SameSite": "Strict", "Max-Age": "0"})
    assert with_cookie(plane, new).status_code == 200


def test_calls_at_once_rotate_to_one_token(stack, plane, sign_in):
    from concurrent.futures import ThreadPoolExecutor
    browser = sign_in()
    old = browser.cookie
    age(stack, browser, rotated_at="15 min")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: with_cookie(plane, old), range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert len({cookie_of(answer)[0] for answer in answers}) == 1


@pytest.mark.parametrize("columns", [{"expires_at": "12 h"}, {"seen_at": "2 h"}, {"seen_at": "25 h", "expires_at": "1 min"}])
def test_a_session_ends_by_itself(stack, plane, sign_in, columns):
    browser = sign_in()
    age(stack, browser, **columns)
    problem(browser.call("GET", "/session"), 401, "not_signed_in")
    assert browser.cookie is None


def test_seen_at_is_written_once_a_minute(stack, sign_in):
    browser = sign_in()

    def seen():
        return stack.query("SELECT seen_at FROM tollgate.sessions WHERE token_sha256 = sha256(%s)",
                           browser.cookie.encode())[0]["seen_at"]

    first = seen()
    browser.get("/session")
    assert seen() == first
    age(stack, browser, seen_at="1 min")
    browser.get("/session")
    assert seen() > first


def test_who_signs_out_is_out(sign_in, plane):
    browser = sign_in()
    token = browser.cookie
    answer = browser.call("DELETE", "/session")
    assert answer.status_code == 204 and cookie_of(answer)[1]["Max-Age"] == "0"
    problem(with_cookie(plane, token), 401, "not_signed_in")


@pytest.mark.parametrize("cookie", ["", "x", "tgs_" + "A" * 43, "tgs_" + "A" * 42, "sk-tg1_mgmt_x", "tgs_%00"])
def test_a_cookie_that_is_no_session(plane, cookie):
    answer = with_cookie(plane, cookie)
    problem(answer, 401, "not_signed_in")
    assert cookie_of(answer)[1]["Max-Age"] == "0"


def test_a_login_is_a_new_session_and_ends_the_one_before(plane, make_member, sign_in):
    """Session fixation: whoever planted a cookie in the browser is left with nothing."""
    planted = sign_in()
    victim = make_member()
    answer = plane.call("POST", "/session", {"email": victim["email"], "password": GOOD},
                        headers={"cookie": f"tollgate_session={planted.cookie}"})
    assert answer.status_code == 201
    token, _ = cookie_of(answer)
    assert token != planted.cookie
    problem(with_cookie(plane, planted.cookie), 401, "not_signed_in")
    assert with_cookie(plane, token).json()["id"] == victim["id"]


def test_a_dead_cookie_does_not_stand_in_the_way_of_a_login(plane, make_member):
    member = make_member()
    answer = plane.call("POST", "/session", {"email": member["email"], "password": GOOD},
                        headers={"cookie": "tollgate_session=tgs_" + "A" * 43})
    assert answer.status_code == 201


def test_what_changes_something_needs_the_sessions_own_csrf_token(plane, sign_in):
    browser, another = sign_in("admin"), sign_in("admin")
    for given in (None, "", "x", another.csrf, browser.csrf[:-1], browser.csrf + "A", browser.csrf.swapcase()):
        headers = {} if given is None else {"x-csrf-token": given}
        problem(browser.call("DELETE", "/session", csrf=False, headers=headers), 403, "csrf")
        problem(browser.call("POST", f"/tenants/{browser.who['tenant']['id']}/members",
                             {"email": fresh(), "role": "viewer"}, csrf=False, headers=headers), 403, "csrf")
    assert browser.call("GET", "/session", csrf=False).status_code == 200
    assert browser.call("DELETE", "/session").status_code == 204


# ---- passwords ----

def test_a_new_password_ends_all_other_sessions(plane, make_member):
    member = make_member("billing")
    here, there = (plane.browser(member["email"], GOOD) for _ in range(2))
    token = plane.login(member["email"], GOOD, bearer=True).json()["token"]
    old = here.cookie
    answer = here.call("POST", "/session/password", {"current": GOOD, "new": "another horse battery"})
    assert answer.status_code == 204, answer.text
    assert cookie_of(answer)[0] != old and here.get("/session")["id"] == member["id"]
    problem(with_cookie(plane, old), 401, "not_signed_in")
    problem(there.call("GET", "/session"), 401, "not_signed_in")
    problem(plane.call("GET", "/session", bearer=token), 401, "not_signed_in")
    problem(plane.login(member["email"], GOOD), 401, "wrong_login")
    assert plane.login(member["email"], "another horse battery").status_code == 201


@pytest.mark.parametrize("current, new, field", [
    ("my wrong guess", "another horse battery", "current"), (GOOD, "too short", "new"), (GOOD, "x" * 257, "new"),
    (GOOD, None, "new"), (GOOD, "its own address", "new"),
])
def test_a_password_that_will_not_do(sign_in, current, new, field):
    browser = sign_in()
    if new == "its own address":
        new = browser.member["email"].upper()
    found = problem(browser.call("POST", "/session/password", {"current": current, "new": new}), 422, "invalid_field")
    assert [error["field"] for error in found["errors"]] == [field]
    assert current not in json.dumps(found)
    assert browser.get("/session")["id"] == browser.member["id"]


def test_who_has_a_session_cannot_guess_its_password(sign_in):
    browser = sign_in()
    for _ in range(5):
        problem(browser.call("POST", "/session/password", {"current": "a guess", "new": "another horse battery"}), 422,
                "invalid_field")
    answer = browser.call("POST", "/session/password", {"current": GOOD, "new": "another horse battery"})
    problem(answer, 429, "locked_out")
    assert answer.headers["retry-after"]


def test_a_password_change_twice_with_one_idempotency_key(sign_in):
    browser = sign_in()
    body = {"current": GOOD, "new": "another horse battery"}
    assert browser.call("POST", "/session/password", body, headers={"idempotency-key": "once"}).status_code == 204
    again = browser.call("POST", "/session/password", body, headers={"idempotency-key": "once"})
    assert again.status_code == 204 and again.headers["idempotent-replayed"] == "true"


# ---- several tenants ----

def test_one_address_in_several_tenants_has_to_choose(plane, operator, make_member, stack, other_tenant):
    email = fresh()
    first = make_member("developer", email=email)
    second = make_member("billing", email=email.upper(), by=operator, path=f"/tenants/{other_tenant}/members")
    found = problem(plane.login(email, GOOD, address=address()), 409, "conflict")
    assert {tenant["id"] for tenant in found["tenants"]} == {stack.tenant, other_tenant}
    assert all(tenant["name"] for tenant in found["tenants"])
    for member in (first, second):
        who = plane.login(email, GOOD, tenant=member["tenant"]).json()
        assert (who["id"], who["tenant"]["id"]) == (member["id"], member["tenant"])
    # Another password in one of them is a choice, too.
    operator.post(f"/tenants/{other_tenant}/members/{second['id']}/reset-password")
    assert plane.login(email, GOOD).json()["id"] == first["id"]
    problem(plane.login(email, GOOD, tenant=other_tenant, address=address()), 401, "wrong_login")


# ---- keys and tokens ----

SCOPES = "{tenant:read,members:read}"


def new_key(stack, kind="mgmt", scopes=SCOPES, tenant=None):
    made = json.loads(stack.control("key", "create", "--tenant", tenant or stack.tenant, "--kind", kind, "--json"))
    if kind == "mgmt":
        stack.change("UPDATE tollgate.api_keys SET scopes = %s WHERE key_id = %s", scopes, uuid_of(made["key_id"]))
    return made


def test_a_management_key_may_do_what_its_scopes_say(stack, plane, members):
    made = new_key(stack)
    who = plane.call("GET", "/session", bearer=made["key"]).json()
    assert (who["kind"], who["role"], who["id"]) == ("key", "admin", made["key_id"])
    assert who["scopes"] == ["tenant:read", "members:read"] and who["tenant"]["id"] == stack.tenant
    assert who["email"] is None and who["csrf_token"] is None
    assert plane.call("GET", members, bearer=made["key"]).status_code == 200
    found = problem(plane.call("POST", members, {"email": fresh(), "role": "viewer"}, bearer=made["key"]), 403, "scope")
    assert "members:write" in found["detail"]
    for method, path in (("DELETE", "/session"), ("POST", "/session/password"), ("GET", "/operators")):
        problem(plane.call(method, path, {} if method == "POST" else None, bearer=made["key"]), 403, "scope")
    # Without its "sk-" it is the same key.
    assert plane.call("GET", "/session", bearer=made["key"][3:]).json()["id"] == made["key_id"]


def test_a_management_key_makes_no_owner(stack, plane, members, owner):
    made = new_key(stack, scopes="{members:write}")
    problem(plane.call("POST", members, {"email": fresh(), "role": "owner"}, bearer=made["key"]), 403, "forbidden")
    problem(plane.call("PATCH", f"{members}/{owner.who['id']}", {"role": "viewer"}, bearer=made["key"],
                       headers={"if-match": "*"}), 403, "forbidden")
    answer = plane.call("POST", members, {"email": fresh(), "role": "viewer"}, bearer=made["key"])
    assert answer.status_code == 201 and len(answer.json()["password"]) == 20


@pytest.mark.parametrize("sql, says", [
    ("UPDATE tollgate.api_keys SET expires_at = now() WHERE key_id = %s", "expired"),
    ("UPDATE tollgate.api_key_secrets SET expires_at = now() WHERE key_id = %s", "expired"),
    ("UPDATE tollgate.api_keys SET status = 'disabled' WHERE key_id = %s", "disabled"),
    ("UPDATE tollgate.api_keys SET status = 'revoked' WHERE key_id = %s", "revoked"),
    ("UPDATE tollgate.api_key_secrets SET revoked_at = now() WHERE key_id = %s", "revoked"),
    ("UPDATE tollgate.tenants SET status = 'suspended' FROM tollgate.api_keys k WHERE k.tenant_id = tenants.tenant_id "
     "AND key_id = %s", "suspended"),
])
def test_a_key_that_does_not_hold_any_more_says_why(stack, plane, other_tenant, sql, says):
    made = new_key(stack, tenant=other_tenant)
    assert plane.call("GET", "/session", bearer=made["key"]).status_code == 200
    stack.change(sql, uuid_of(made["key_id"]))
    assert says in problem(plane.call("GET", "/session", bearer=made["key"]), 401, "not_signed_in")["detail"]


def test_keys_that_call_models_are_told_so(stack, plane):
    for kind in ("live", "test"):
        made = new_key(stack, kind)
        detail = problem(plane.call("GET", "/session", bearer=made["key"]), 401, "not_signed_in")["detail"]
        assert f"{kind} key" in detail and "management key" in detail


@pytest.mark.parametrize("authorization", [
    "Bearer", "Bearer x", "Basic b3BlcmF0b3I6eA==", "Bearer opr-tg1_" + "A" * 42, "Bearer tgs_" + "A" * 43,
    "Bearer sk-tg1_mgmt_" + "A" * 16 + "_" + "A" * 49, "Bearer " + "A" * 4000,
])
def test_what_is_no_credential(plane, authorization):
    answer = plane.call("GET", "/session", headers={"authorization": authorization})
    problem(answer, 401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer") and "set-cookie" not in answer.headers


def test_an_operators_token(stack, plane, operator):
    token = stack.boot["TOLLGATE_OPERATOR_TOKEN"]
    who = plane.call("GET", "/session", bearer=token).json()
    assert (who["kind"], who["role"], who["id"]) == ("operator", "operator", operator.who["id"])
    assert who["csrf_token"] is None and who["expires_at"] is None
    assert plane.call("GET", "/operators", bearer=token).status_code == 200
    problem(plane.call("DELETE", "/session", bearer=token), 422, "refused")
    # A cookie beside it counts for nothing.
    assert plane.call("GET", "/session", bearer=token, headers={"cookie": "tollgate_session=x"}).status_code == 200


# ---- audit ----

def test_every_change_is_in_the_audit_log_as_it_was_before_and_after(owner, operator, members, make_member, stack):
    member = make_member("viewer")
    changed = owner.patch(f"{members}/{member['id']}", {"role": "billing", "name": "New"}).json()
    owner.post(f"{members}/{member['id']}/reset-password")
    rows = owner.get(f"/tenants/{stack.tenant}/audit", subject=member["id"])["data"]
    assert [row["action"] for row in rows] == ["member.set_password", "member.update", "member.create"]
    assert all(row["actor"] == owner.who["id"] and row["address"] == "192.0.2.1" and row["tenant"] == stack.tenant
               for row in rows)
    assert rows[2]["before"] is None and rows[2]["after"] == member
    assert rows[1]["before"] == member and rows[1]["after"] == changed
    assert "argon2" not in json.dumps(rows)
    assert operator.get("/audit", subject=member["id"])["data"] == rows
    assert operator.get("/audit", subject=member["id"], action="member.update")["data"] == [rows[1]]
    assert operator.get("/audit", subject=member["id"], to=rows[1]["at"])["data"] == [rows[2]]
    assert operator.get("/audit", subject=member["id"], actor=operator.who["id"])["data"] == []
    page = operator.get("/audit", tenant=stack.tenant, limit=1)
    assert operator.get("/audit", tenant=stack.tenant, limit=1, cursor=page["next_cursor"])["data"] != page["data"]


def test_logins_and_logouts_are_in_the_audit_log(owner, sign_in, stack):
    browser = sign_in()
    browser.call("DELETE", "/session")
    rows = owner.get(f"/tenants/{stack.tenant}/audit", actor=browser.member["id"])["data"]
    assert [row["action"] for row in rows] == ["session.end", "session.create"]
    assert all(row["subject"] == browser.member["id"] and row["address"].startswith("198.51.") for row in rows)


def test_another_tenants_changes_are_not_shown(owner, operator, other_tenant, make_member, stack):
    make_member("viewer", by=operator, path=f"/tenants/{other_tenant}/members")
    assert {row["tenant"] for row in owner.get(f"/tenants/{stack.tenant}/audit", limit=200)["data"]} == {stack.tenant}
    assert {row["tenant"] for row in operator.get(f"/tenants/{other_tenant}/audit")["data"]} == {other_tenant}


def test_the_chain_of_the_audit_log_holds_until_a_row_is_changed(operator, stack):
    whole = operator.get("/audit/verify")
    assert whole["ok"] and whole["first_broken"] is None and whole["rows"] > 50
    stack.change("ALTER TABLE tollgate.audit_log DISABLE TRIGGER append_only")
    stack.change("UPDATE tollgate.audit_log SET actor = 'nobody' WHERE seq = 7")
    broken = operator.get("/audit/verify")
    assert not broken["ok"] and broken["first_broken"] == 7
