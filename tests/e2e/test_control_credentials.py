"""Providers' credentials through the control plane's API: who gets them, which is used, and that they do not leak."""

import json
import os

import pytest

from support.process import wait_until
from support.rocket import *  # noqa: F403


@pytest.fixture(scope="module")
def second(stack):
    """A gateway in production: it has no sandbox to fall back to, and may not call this host."""
    return stack.add_gateway(1, mode="production", data_dir=stack.folder / "data-1",
                             master_key_file=stack.master_keys)


def test_a_credential_reaches_its_provider_and_nobody_else(stack, operator, member, rocket, deployment):
    rocket.seen.clear()
    until_status(stack, 200)
    assert rocket.seen == [], "without a credential the sandbox answers"
    body = {"provider": "rocket", "name": "first", "secret": SECRET, "variables": {"ACCOUNT": "acme"}}
    made = operator("POST", "/credentials", body, 201)
    assert made["origin"] == rocket.url and made["status"] == "active" and made["variables"] == {"ACCOUNT": "acme"}
    assert "secret" not in made and SECRET not in json.dumps(made)

    def seen():
        assert call(stack).status_code == 200
        return rocket.seen

    wait_until(seen, "the provider is called", 5)
    assert rocket.seen[-1].header("authorization") == f"Bearer {SECRET}"
    assert rocket.seen[-1].line.split()[1] == "/acme/v1/chat/completions"
    answer = call(stack)
    event = stack.event(answer.headers["x-request-id"])
    assert (event["input_tokens"], event["output_tokens"]) == (1000, 100)
    assert operator.get(f"/deployments/{deployment['id']}")["has_credential"]
    assert operator.all("/credentials", provider="rocket", status="active") == [made]
    # Nothing readable is kept: neither in the database, nor in the audit log, nor in the gateway's copy.
    rows = stack.query("SELECT sealed, t.* FROM tollgate.provider_credentials c, row_to_json(c) AS t")
    log = stack.query("SELECT before::text || after::text AS text FROM tollgate.audit_log")
    assert SECRET not in repr(rows) + repr(log) and SECRET.encode() not in bytes(rows[0]["sealed"])
    assert SECRET.encode() not in (stack.folder / "data/snapshot").read_bytes()
    for log in stack.folder.glob("*.log"):
        assert SECRET not in log.read_text(errors="replace")


def credential(operator):
    found, = operator.all("/credentials", provider="rocket", status="active")
    return found


def called_with(stack, rocket, secret):
    rocket.seen.clear()

    def seen():
        call(stack)
        return rocket.seen and rocket.seen[-1].header("authorization") == f"Bearer {secret}"

    wait_until(seen, f"the provider is called with {secret}", 5)


def test_the_newest_is_used_and_one_of_the_deployment_before_all(stack, operator, rocket, deployment):
    newer = operator("POST", "/credentials", {
        "provider": "rocket", "name": "newer", "secret": "newer", "variables": {"ACCOUNT": "b"}}, 201)
    called_with(stack, rocket, "newer")
    own = operator("POST", "/credentials", {
        "provider": "rocket", "deployment": deployment["id"], "name": "own", "secret": "own",
        "variables": {"ACCOUNT": "c"}}, 201)
    called_with(stack, rocket, "own")
    operator("POST", "/credentials", {
        "provider": "rocket", "name": "newest", "secret": "newest", "variables": {"ACCOUNT": "b"}}, 201)
    stack.change("UPDATE tollgate.snapshot_version SET version = version + 1")
    called_with(stack, rocket, "own")
    for row in operator.all("/credentials", provider="rocket"):
        if row["name"] != "first":
            operator.patch(f"/credentials/{row['id']}", status="disabled")
    called_with(stack, rocket, SECRET)
    assert operator.get(f"/credentials/{newer['id']}")["status"] == "disabled"
    assert operator.get(f"/credentials/{own['id']}")["deployment"] == deployment["id"]


def test_a_secret_is_replaced_renamed_and_not_led_elsewhere(stack, operator, rocket):
    path = f"/credentials/{credential(operator)['id']}"
    operator.refused("PATCH", path, {"name": "x"}, 428)
    operator.refused("PATCH", path, {"name": "x"}, 412, if_match='"999"')
    assert operator.patch(path, name="again", secret="sk-second")["name"] == "again"
    called_with(stack, rocket, "sk-second")
    assert operator.patch(path, variables={"ACCOUNT": "other"})["variables"] == {"ACCOUNT": "other"}
    wait_until(lambda: call(stack) and rocket.seen[-1].line.split()[1].startswith("/other/"), "it takes the new path", 5)
    for value in ("a/b", "x@evil.example", "", "../up", "a b"):
        assert "variables.ACCOUNT" in operator.refused("PATCH", path, {"variables": {"ACCOUNT": value}}, if_match="*")
    operator.patch(path, secret=SECRET, variables={"ACCOUNT": "acme"})
    called_with(stack, rocket, SECRET)


@pytest.mark.parametrize("body, field", [
    ({"provider": "nobody"}, "provider"),
    ({"provider": None}, "provider"),
    ({"name": ""}, "name"),
    ({"secret": ""}, "secret"),
    ({"secret": "two\nlines"}, "secret"),
    ({"secret": 5}, "secret"),
    ({"secret": "x" * 16385}, "secret"),
    ({"variables": {}}, "variables"),
    ({"variables": []}, "variables"),
    ({"variables": {"ACCOUNT": 5}}, "variables.ACCOUNT"),
    ({"variables": {"ACCOUNT": "a", "COLOUR": "red"}}, "variables.COLOUR"),
    ({"deployment": "dep_00000000000000000000000000"}, "deployment"),
    ({"deployment": "dep_00000000000000000000000001"}, "deployment"),
    ({"origin": "https://evil.example"}, "origin"),
])
def test_a_credential_says_what_is_wrong_with_it(operator, imported, body, field):
    wrong = operator.refused("POST", "/credentials", {
        "provider": "rocket", "name": "n", "secret": "very-secret", "variables": {"ACCOUNT": "a"}, **body})
    assert field in wrong and "very-secret" not in repr(wrong)


def test_a_row_that_was_moved_or_led_elsewhere_does_not_open(stack, operator, rocket):
    row = credential(operator)
    path = f"/credentials/{row['id']}"
    called_with(stack, rocket, SECRET)
    stack.change("UPDATE tollgate.provider_credentials SET origin = origin || ' https://evil.example' "
                 "WHERE status = 'active' AND provider = 'rocket'")
    assert stack.gateway.metrics()["tollgate_credentials_unusable"] == 1
    assert call(stack).status_code == 404, "neither the provider nor the sandbox"
    assert '"credential.unusable"' in stack.gateway.program.log.read_text()
    operator.patch(path, secret=SECRET)
    called_with(stack, rocket, SECRET)
    assert stack.gateway.metrics()["tollgate_credentials_unusable"] == 0
    stack.change("UPDATE tollgate.providers SET endpoints = replace(endpoints::text, '127.0.0.1', 'localhost')::jsonb "
                 "WHERE provider = 'rocket'")
    stack.change("UPDATE tollgate.deployments SET base_url = replace(base_url, '127.0.0.1', 'localhost') "
                 "WHERE provider = 'rocket'")
    assert call(stack).status_code == 404, "its host is another now"
    rocket.seen.clear()
    assert operator.patch(path, secret="sk-third")["origin"] == rocket.url.replace("127.0.0.1", "localhost")
    called_with(stack, rocket, "sk-third")


def test_a_master_key_is_changed_by_a_line_on_top(stack, operator, rocket):
    row = credential(operator)
    old = stack.master_keys.read_text()
    stack.master_keys.write_text(os.urandom(32).hex() + "\n")
    stack.change("UPDATE tollgate.snapshot_version SET version = version + 1")
    assert call(stack).status_code == 404, "no key opens it, and nothing crashes"
    assert stack.gateway.metrics()["tollgate_credentials_unusable"] == 1
    stack.master_keys.write_text(stack.master_keys.read_text() + old)
    stack.plane.program.stop()
    stack.plane.program.start()
    wait_until(stack.plane.answers, "the control plane answers again")
    stack.change("UPDATE tollgate.snapshot_version SET version = version + 1")
    called_with(stack, rocket, "sk-third")
    moved = operator.patch(f"/credentials/{row['id']}", secret="sk-fourth")
    assert moved["master_key"] != row["master_key"]
    called_with(stack, rocket, "sk-fourth")


def test_a_disabled_credential_is_not_used(stack, operator, rocket, second):
    """In production what has no credential is not callable; in trial the sandbox answers."""
    answer = until_status(stack, 503, gateway=second)
    assert answer.json()["error"]["code"] == "provider_unavailable", "it would call it, were this host not its own"
    rocket.seen.clear()
    operator.patch(f"/credentials/{credential(operator)['id']}", status="disabled")
    answer = until_status(stack, 404, gateway=second)
    assert answer.json()["error"]["code"] == "model_not_available"
    wait_until(lambda: call(stack).status_code == 200, "the sandbox answers", 5)
    rocket.seen.clear()
    assert call(stack).status_code == 200 and rocket.seen == []
