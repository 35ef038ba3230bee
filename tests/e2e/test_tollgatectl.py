"""tollgatectl against a whole Tollgate through its edge: every command, every form of output, every way to fail."""

import json
import re
import shutil
import stat
import subprocess

import pytest

from support.behind import Behind
from support.ctl import HOSTILE, PROGRAM, Ctl
from support.process import ROOT, wait_until

ASK = {"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": "hello"}]}
GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def stack(make_stack):
    stack = make_stack(control=True)
    for _ in range(3):
        stack.event(stack.post("/v1/chat/completions", ASK).headers["x-generation-id"])
    return stack


def person(stack, folder, who):
    ctl = Ctl(folder / who.lower(), url=stack.url)
    secret = ctl.file("password", stack.boot[f"TOLLGATE_{who}_PASSWORD"] + "\n")
    ctl("login", stack.boot[f"TOLLGATE_{who}_EMAIL"], "--password-file", secret)
    return ctl


@pytest.fixture(scope="module")
def operator(stack, tmp_path_factory):
    return person(stack, tmp_path_factory.mktemp("ctl"), "OPERATOR")


@pytest.fixture(scope="module")
def owner(stack, tmp_path_factory):
    return person(stack, tmp_path_factory.mktemp("ctl"), "MEMBER")


@pytest.fixture(scope="module")
def deployment(operator):
    return operator("catalog deployments --q gpt-4.1-mini --provider openai --json").json["data"][0]["id"]


@pytest.fixture(scope="module")
def tenant(operator):
    """A tenant with a name that has to be quoted everywhere."""
    name = "Acme & Söhne, 100% ✓"
    made = operator("tenants", "create", name, "--plan", "pro", "--json", exact=True).json
    assert made["name"] == name
    return made


# ---- signing in ----

def test_login_leaves_a_session_for_its_owner_alone(stack, owner):
    assert stat.S_IMODE(owner.session.stat().st_mode) == 0o600
    assert stat.S_IMODE(owner.session.parent.stat().st_mode) == 0o700
    kept = json.loads(owner.session.read_text())
    assert kept["url"] == stack.url and kept["tenant"] == stack.tenant and kept["kind"] == "member"
    assert stack.boot["TOLLGATE_MEMBER_PASSWORD"] not in owner.session.read_text()
    who = owner("whoami").fields
    assert who["ROLE"] == "owner" and who["TENANT ID"] == stack.tenant
    assert owner("whoami --json").json["tenant"]["id"] == stack.tenant


def test_the_session_names_the_address(stack, owner):
    """Nothing but the session says where."""
    bare = Ctl(owner.folder)
    assert bare("balance").fields["CURRENCY"] == "USD"


def test_login_asks_at_a_terminal_and_shows_no_password(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    password = stack.boot["TOLLGATE_MEMBER_PASSWORD"]
    done = ctl.typed("login", feed=[("Email: ", stack.boot["TOLLGATE_MEMBER_EMAIL"] + "\n"), ("Password: ", password + "\n")])
    assert done.code == 0 and password not in done.out, done
    assert "Signed in at" in done.out and ctl.session.exists()


def test_a_password_of_standard_input(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    ctl("login", stack.boot["TOLLGATE_MEMBER_EMAIL"], "--password-file -", stdin=stack.boot["TOLLGATE_MEMBER_PASSWORD"] + "\n")


def test_the_environment_s_tenant_is_for_work_not_for_signing_in(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url, TOLLGATE_TENANT=stack.tenant)
    ctl("login", stack.boot["TOLLGATE_OPERATOR_EMAIL"], stdin=stack.boot["TOLLGATE_OPERATOR_PASSWORD"] + "\n")
    assert ctl("tenants show").fields["ID"] == stack.tenant


def test_a_full_disk_is_not_called_done(owner):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "keys", "list"], stdout=full, stderr=subprocess.PIPE, env=owner.env, text=True)
    assert done.returncode == 2 and "not all of it could be written" in done.stderr


def test_a_wrong_password_is_refused_with_the_request(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    said = ctl.refused("login", "nobody-here@example.com", stdin="wrong\n", code=4)
    assert "(request gen_" in said
    assert not ctl.session.exists()


def test_a_password_file_that_others_read_is_refused(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    assert "chmod 600" in ctl.refused("login a@b.cd --password-file", ctl.file("p", "x\n", 0o644), code=2)


def test_who_belongs_to_several_tenants_says_which(stack, operator, tenant, tmp_path):
    email = "both@example.com"
    ctl = Ctl(tmp_path, url=stack.url)
    secret = ctl.file("p", GOOD + "\n")
    for one in (stack.tenant, tenant["id"]):
        made = operator("members create", email, "--role viewer --tenant", one, "--json").json
        ctl.file("first", made["password"] + "\n")
        ctl("login", email, "--password-file first --tenant", one)
        ctl("password --current-file first --new-file", secret)
    said = ctl.refused("login", email, "--password-file", secret, code=2)
    assert "--tenant" in said and tenant["id"] in said and stack.tenant in said
    for name in (tenant["name"], tenant["id"]):
        ctl("login", email, "--password-file", str(secret), "--tenant", name, exact=True)
        assert ctl("whoami --json").json["tenant"]["id"] == tenant["id"]


def test_logout_ends_the_session_on_both_sides(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    email, password = stack.boot["TOLLGATE_MEMBER_EMAIL"], stack.boot["TOLLGATE_MEMBER_PASSWORD"]
    ctl("login", email, stdin=password + "\n")
    kept = ctl.session.read_bytes()
    ctl("logout")
    assert not ctl.session.exists()
    assert "login" in ctl.refused("keys list", code=4)
    ctl.session.write_bytes(kept)
    ctl.session.chmod(0o600)
    said = ctl.refused("keys list", code=4)
    assert f"tollgatectl login {email} --url {stack.url}" in said and "(request gen_" in said


def test_the_session_goes_to_its_own_address_only(owner):
    behind = Behind()
    try:
        said = owner.refused("keys list --url", behind.url, code=4)
        assert behind.url in said and not behind.seen
    finally:
        behind.stop()


def test_a_management_key_from_a_file(stack, owner, tmp_path):
    made = owner("keys create export --kind mgmt --scopes tenant:read,keys:read,usage:read --json").json
    ctl = Ctl(tmp_path, url=stack.url)
    secret = ctl.file("key", made["secret"] + "\n")
    assert made["secret"] not in ctl("keys list --token-file", secret).out
    assert ctl("usage --json", env={"TOLLGATE_TOKEN_FILE": str(secret)}).json["total"]["requests"] >= 3
    assert "(request gen_" in ctl.refused("members list --token-file", secret)
    owner("keys revoke", made["key"]["id"], "--yes")
    assert "token" in ctl.refused("keys list --token-file", secret, code=4)
    assert "chmod 600" in ctl.refused("keys list --token-file", ctl.file("open", "x\n", 0o644), code=2)


def test_an_operator_token_from_a_file(stack, tmp_path):
    ctl = Ctl(tmp_path, url=stack.url)
    secret = ctl.file("token", stack.boot["TOLLGATE_OPERATOR_TOKEN"] + "\n")
    assert ctl("status --token-file", secret).fields["OK"] == "yes"


def test_tls_is_verified(stack, tmp_path):
    ctl = Ctl(tmp_path)
    key, chain = tmp_path / "edge.key", tmp_path / "edge.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
                   check=True, stderr=subprocess.DEVNULL)
    gateway = stack.add_gateway(1, tls_listen="127.0.0.1:0", tls_key=key, tls_certificate=chain)
    try:
        port = dict(line.split("=") for line in gateway.ports.read_text().split())["tls-listen"]
        url, secret = f"https://127.0.0.1:{port}", ctl.file("p", stack.boot["TOLLGATE_MEMBER_PASSWORD"] + "\n")
        line = ("login", stack.boot["TOLLGATE_MEMBER_EMAIL"], "--password-file", secret, "--url", url)
        assert "--ca-file" in ctl.refused(*line, code=3)
        ctl(*line, "--ca-file edge.crt")
        assert ctl("balance").fields["CURRENCY"] == "USD", "the session remembers which certificates to trust"
        wrong = f"https://localhost:{port}"
        assert "certificate" in ctl.refused("login a@b.cd --password-file p --ca-file edge.crt --url", wrong, code=3)
    finally:
        gateway.stop()
        stack.gateways.remove(gateway)


# ---- keys: the whole life of one ----

def test_a_key_is_made_used_rotated_and_revoked(stack, owner):
    done = owner("keys", "create", "nightly tests", "--budget", "5", "--budget-window", "month", exact=True)
    made = done.fields
    assert "not shown again" in done.err and made["BUDGET"] == "5.00" and made["WINDOW"] == "month"
    key = made["ID"]
    wait_until(lambda: stack.knows(made["SECRET"]), "the gateway knows it")
    assert stack.post("/v1/chat/completions", ASK, key=made["SECRET"]).status_code == 200
    assert owner("keys show", key).fields["NAME"] == "nightly tests"
    changed = owner("keys update", key, "--name night --tokens-per-minute 1000 --json").json
    assert (changed["name"], changed["tokens_per_minute"], changed["budget"]) == ("night", 1000, "5")
    changed = owner("keys update", key, "--budget none --budget-window none --tokens-per-minute none --json").json
    assert (changed["budget"], changed["tokens_per_minute"]) == (None, None)
    rotated = owner("keys rotate", key, "--overlap-seconds 60 --json").json
    assert rotated["secret"] != made["SECRET"]
    assert owner("keys disable", key).fields["STATUS"] == "disabled"
    assert owner("keys enable", key).fields["STATUS"] == "active"
    assert "--yes" in owner.refused("keys revoke", key, code=2)
    assert owner("keys show", key).fields["STATUS"] == "active"
    assert owner("keys revoke", key, "--reason leaked --yes --json").json["status"] == "revoked"
    listed = {row["id"]: row for row in owner("keys list --status revoked --json").json["data"]}
    assert "leaked" in listed[key]["status_reason"]


def test_a_destructive_act_asks_at_a_terminal(owner):
    key = owner("keys create asked --json").json["key"]["id"]
    done = owner.typed("keys revoke", key, feed=[("[y/N] ", "n\n")])
    assert done.code == 2 and "nothing was changed" in done.out
    assert owner("keys show", key).fields["STATUS"] == "active"
    done = owner.typed("keys revoke", key, feed=[("[y/N] ", "y\n")])
    assert done.code == 0 and "revoked" in done.out


# ---- every list and show, in every form ----

LISTS = ["tenants list", "projects list", "members list", "operators list", "keys list", "credit list", "plans list",
         "plans history", "catalog models", "catalog deployments", "prices list", "providers list", "providers health",
         "providers credentials list", "presets list", "requests list", "invoices list", "ledger", "audit list"]


@pytest.mark.parametrize("command", LISTS)
def test_every_list_in_every_form(stack, operator, command):
    scope = ("--tenant", stack.tenant)
    table = operator(command, *scope)
    whole = operator(command, "--json", *scope).json
    assert set(whole) == {"data", "next_cursor"}
    shown = table.out.splitlines()
    assert len(shown) == (len(whole["data"]) + 1 if whole["data"] else 0), table
    if not whole["data"]:
        assert table.err == "There are none.\n"
    assert ("--all" in table.err) == (whole["next_cursor"] is not None)
    operator(command, "--wide --local", *scope)
    rows = operator(command, "--csv", *scope).csv
    every = operator(command, "--all --json", *scope).json
    assert isinstance(every, list) and len(rows) == min(len(every), 10000)
    if every:
        assert set(rows[0]) <= set(every[0])
    # As one walks: each page as long as asked for, none twice.
    if 2 < len(every) <= 60:
        walked = operator(command, "--all --limit 2 --json", *scope).json
        assert walked == every


def test_the_next_page_is_named(operator):
    first = operator("catalog models --limit 3")
    cursor = re.search(r"--cursor (\S+) the next page", first.err).group(1)
    second = operator("catalog models --limit 3 --cursor", cursor)
    every = operator("catalog models --limit 6 --json").json["data"]
    shown = [line.split()[0] for page in (first, second) for line in page.out.splitlines()[1:]]
    assert shown == [row["id"] for row in every]
    assert "--cursor" in operator.refused("catalog models --all --cursor", cursor, code=2)


def test_a_table_has_its_columns(owner):
    done = owner("requests list")
    lines = done.out.splitlines()
    assert lines[0].split() == ["TIME", "ID", "MODEL", "PROVIDER", "OUTCOME", "INPUT", "OUTPUT", "CHARGE", "MS"]
    points = {line.rindex(".") for line in lines[1:]}
    assert len(lines) >= 4 and len(points) == 1, "decimal points stand below each other"


def test_a_terminal_gets_colours_and_what_fits(owner):
    assert "\x1b[" in owner.typed("keys list").out
    assert "\x1b[" not in owner.typed("keys list", env={"NO_COLOR": "1"}).out
    assert "\x1b[" not in owner("keys list").out
    narrow = owner.typed("requests list", width=90, env={"NO_COLOR": "1"}).out
    assert "openai/gpt-…" in narrow
    assert "openai/gpt-4.1-mini" in owner.typed("requests list --wide", width=90).out


def test_hostile_names_do_not_reach_the_terminal(owner):
    made = owner("projects", "create", "\u202eetirw\u200b<b>", "--json", exact=True).json
    assert made["name"] == "\u202eetirw\u200b<b>"
    for form in ("", "--json", "--csv", "--wide"):
        shown = owner.typed("projects list", form, env={"NO_COLOR": "1"}).out
        assert "\\u202eetirw\\u200b<b>" in shown and not HOSTILE.search(shown), shown
    assert "\u202e" in owner("projects list --json").out, "in a file it is what the API said"
    owner("projects update", made["id"], "--status archived --name plain")


# ---- tenants, people, money ----

def test_a_tenant_from_first_to_last(operator, tenant):
    by_name = operator("tenants", "show", tenant["name"], "--json", exact=True).json
    assert by_name["id"] == tenant["id"]
    assert operator("tenants update", tenant["id"], "--name", "Acme", "--json").json["name"] == "Acme"
    operator("tenants", "update", "Acme", "--name", tenant["name"], exact=True)
    assert "--yes" in operator.refused("tenants suspend", tenant["id"], code=2)
    assert operator("tenants suspend", tenant["id"], "--yes --json").json["status"] == "suspended"
    assert operator("tenants activate", tenant["id"], "--json").json["status"] == "active"
    before = operator("balance --json --tenant", tenant["id"]).json["free"]
    given = operator("credit add 100 --reason trial --expires 2030-01-01 --json --tenant", tenant["id"]).json
    assert given["amount"] == "100" and given["expires_at"].startswith("2030-01-01")
    after = operator("balance --tenant", tenant["id"]).fields["FREE"]
    assert float(after) == float(before) + 100
    assert operator("credit list --json --tenant", tenant["id"]).json["data"][0]["id"] == given["id"]


def test_a_tenant_that_is_not_there(operator, owner):
    assert "no tenant with the name nobody" in operator.refused("keys list --tenant nobody")
    assert "(request gen_" in operator.refused("keys list --tenant ten_01jd0000000000000000000001")
    assert "--tenant" in operator.refused("keys list", code=2)
    assert "only operators" in owner.refused("keys list --tenant another", code=2)
    assert "(request gen_" in owner.refused("keys list --tenant ten_01jd0000000000000000000001")


def test_two_tenants_of_one_name_are_not_mixed_up(operator):
    ids = [operator("tenants create twin --json").json["id"] for _ in range(2)]
    said = operator.refused("balance --tenant twin", code=2)
    assert all(one in said for one in ids)


def test_the_environment_names_a_tenant(stack, operator):
    assert operator("balance", env={"TOLLGATE_TENANT": stack.tenant}).fields["CURRENCY"] == "USD"


def test_people(operator, owner, tenant):
    made = operator("members create ada@example.com --role developer --name Ada --tenant", tenant["id"])
    assert len(made.fields["PASSWORD"]) >= 12 and "not shown again" in made.err
    member = made.fields["ID"]
    changed = operator("members update", member, "--role billing --tenant", tenant["id"], "--json").json
    assert (changed["role"], changed["name"]) == ("billing", "Ada")
    reset = operator("members reset-password", member, "--yes --tenant", tenant["id"])
    assert reset.fields["PASSWORD"] != made.fields["PASSWORD"]
    grace = operator("operators create grace@example.com --name Grace --json").json
    assert operator("operators update", grace["operator"]["id"], "--status disabled --json").json["status"] == "disabled"
    assert operator("operators reset-password", grace["operator"]["id"], "--yes --json").json["password"]
    assert "operator" in owner.refused("operators list")


def test_projects(owner):
    made = owner("projects create search --budget 10 --budget-window day --json").json
    assert (made["budget"], made["budget_window"]) == ("10", "day")
    changed = owner("projects update", made["id"], "--budget 12.5 --json").json
    assert changed["budget"] == "12.5"
    assert owner("keys create in-search --json --project", made["id"]).json["key"]["project"] == made["id"]


def test_plans(operator, tenant):
    made = operator("plans create special --name Special --markup-percent 5.5 --monthly-fee 9.90 --json").json
    assert made["markup_percent"].startswith("5.5")
    assert operator("plans subscribe special --json --tenant", tenant["id"]).json["plan"] == "special"
    assert operator("plans history --json --tenant", tenant["id"]).json["data"][0]["plan"] == "special"


# ---- catalog, prices, providers ----

def test_a_price_keeps_the_rates_that_are_not_named(operator, deployment):
    line = ("prices set", deployment, "--input 1.25 --output 10 --from 2027-03-01 --reason dearer")
    tried = operator(*line, "--dry-run --json").json
    assert tried["dry_run"] and tried["price"] is None
    assert {(row["meter"], row["after"]) for row in tried["changes"]} == {("input", "1.25"), ("output", "10")}
    shown = operator(*line, "--dry-run")
    assert "Nothing was changed." in shown.err and re.search(r"input +standard +0 +0\.40 +1\.25", shown.out)
    made = operator(*line, "--json").json["price"]
    assert made["state"] == "future" and made["effective_from"].startswith("2027-03-01")
    assert {row["meter"] for row in made["rates"]} >= {"input", "output", "cache_read"}
    assert "cache_read" in operator("prices show", made["id"]).out
    assert operator("prices list --state future --json --deployment", deployment).json["data"][0]["id"] == made["id"]
    # The next one builds on that version, as it begins behind it.
    later = operator("prices set", deployment, "--rate output:batch=5 --from 2027-04-01 --dry-run --json").json
    assert [(row["meter"], row["mode"]) for row in later["changes"]] == [("output", "batch")]
    assert later["replaces"] == made["id"]


def test_prices_that_make_no_sense(operator, deployment):
    assert "at least one rate" in operator.refused("prices set", deployment, "--from tomorrow", code=2)
    assert "meter:mode" in operator.refused("prices set", deployment, "--rate x --from tomorrow", code=2)
    assert "ten minutes" in operator.refused("prices set", deployment, "--input 1 --from now")
    assert "an amount" in operator.refused("prices set", deployment, "--from tomorrow --input many", code=2)


def test_models_and_deployments_change_their_status(operator, deployment):
    for what in (deployment, "openai/gpt-4.1-nano"):
        assert operator("catalog quarantine", what, "--reason wrong --json").json["status"] == "quarantined"
        assert operator("catalog publish", what, "--json").json["status"] == "published"
    assert "--yes" in operator.refused("catalog retire openai/gpt-4.1-nano", code=2)
    assert operator("catalog retire openai/gpt-4.1-nano --yes --json").json["status"] == "retired"
    assert operator("catalog publish openai/gpt-4.1-nano").fields["STATUS"] == "published"
    assert "OFFERS" in operator("catalog model openai/gpt-4.1-mini").out
    assert operator("catalog model openai/gpt-4.1-mini --json").json["id"] == "openai/gpt-4.1-mini"


def test_an_import_shows_its_diff_and_asks(operator, tmp_path):
    catalog = json.loads((ROOT / "deploy/catalog/catalog.json").read_text())
    text = json.dumps(catalog).replace('"name": "GPT-4.1 mini"', '"name": "GPT-4.1 tiny"')
    assert "tiny" in text
    path = operator.file("catalog.json", text)
    tried = operator("catalog import", path, "--dry-run")
    assert "openai/gpt-4.1-mini" in tried.out and "Nothing was changed." in tried.err
    assert "--yes" in operator.run("catalog import", path).err
    done = operator.typed("catalog import", path, feed=[("[y/N] ", "n\n")])
    assert done.code == 2 and "nothing was changed" in done.out
    assert operator("catalog model openai/gpt-4.1-mini --json").json["name"] == "GPT-4.1 mini"
    assert "Imported." in operator("catalog import", path, "--yes").err
    assert operator("catalog model openai/gpt-4.1-mini --json").json["name"] == "GPT-4.1 tiny"
    assert operator("catalog import - --yes --json", stdin=json.dumps(catalog)).json["dry_run"] is False
    assert "not valid JSON" in operator.refused("catalog import", operator.file("bad", "{"), code=2)
    assert "can't be read" in operator.refused("catalog import nothing-here", code=2)


def test_providers_are_drained_and_resumed(operator):
    assert operator("providers drain anthropic --json").json["status"] == "disabled"
    assert operator("providers resume anthropic --json").json["status"] == "active"
    health = operator("providers health --hours 24 --json").json["data"]
    assert sum(provider["attempts"] for provider in health) >= 3, "chance chooses among providers"


def test_a_credential_is_never_an_argument(operator):
    path = operator.file("secret", "sk-from-a-file\n")
    made = operator("providers credentials add openai --name main --json --secret-file", path)
    assert "sk-from-a-file" not in made.out and made.json["status"] == "active"
    piped = operator("providers credentials add openai --name piped --secret-file - --json", stdin="sk-piped\n").json
    assert operator("providers credentials disable", piped["id"], "--json").json["status"] == "disabled"
    assert operator("providers credentials enable", piped["id"], "--json").json["status"] == "active"
    asked = operator.typed("providers credentials add openai --name typed", feed=[("Secret: ", "sk-typed\n")])
    assert asked.code == 0 and "sk-typed" not in asked.out
    operator.refused("providers credentials add openai --name none", code=2)


# ---- usage, requests, audit, status ----

def test_usage_with_its_total(stack, operator, owner):
    second = owner("keys create second --json").json["secret"]
    wait_until(lambda: stack.knows(second), "the gateway knows it")
    stack.event(stack.post("/v1/chat/completions", ASK, key=second).headers["x-generation-id"])
    groups = [line.split()[0] for line in owner("usage --group key --top 1").out.splitlines()[1:-1]]
    assert len(groups) == 3 and groups[1:] == ["other", "total"]
    done = owner("usage --group model --bucket day")
    assert done.out.splitlines()[0].split()[:3] == ["TIME", "GROUP", "REQUESTS"]
    assert "total" in done.out and "Usage up to" in done.out
    whole = owner("usage --from 7d --group model --json").json
    assert whole["total"]["requests"] >= 3 and whole["data"][0]["group"] == ASK["model"]
    assert owner("usage --group key --csv").csv
    assert operator("usage --group tenant --json").json["group"] == "tenant", "operators who name no tenant see all"
    assert int(owner("usage").fields["REQUESTS"]) >= 3


def test_a_request_with_its_attempts_and_cost(stack, owner):
    one = owner("requests list --sort charge --limit 1 --json").json["data"][0]
    shown = owner("requests show", one["id"]).out
    assert re.search(r"^ *1 +\S+ +200 .*#+.*delivered$", shown, re.M), shown
    formula = re.search(r"^charge (\S+) = base (\S+) - discount (\S+).* \+ markup (\S+).* \+ fixed (\S+) USD$", shown, re.M)
    charge, base, discount, markup, fixed = (float(part) for part in formula.groups())
    assert charge == pytest.approx(base - discount + markup + fixed, abs=1e-12) and charge == float(one["charge"])
    assert owner("requests show", one["id"], "--json").json["id"] == one["id"]
    assert owner("requests list --json --id", one["id"]).json["data"][0]["id"] == one["id"]


def test_invoices(stack, owner):
    stack.billing_run("close", "--tenant", stack.tenant, "--now")
    listed = owner("invoices list --json").json["data"]
    assert listed
    shown = owner("invoices show", listed[0]["id"])
    assert "LINE" in shown.out and "TOTAL" in shown.out
    whole = owner("invoices show", listed[0]["id"], "--json").json
    assert len(owner("invoices show", listed[0]["id"], "--csv").csv) == len(whole["lines"])


def test_audit(operator):
    assert operator("audit verify").fields["HOLDS"] == "yes"
    assert operator("audit list --action key.revoke --json").json["data"][0]["action"] == "key.revoke"
    assert "BEFORE" in operator("audit list --limit 2 --wide").out


def test_status(operator, owner):
    shown = operator("status")
    assert shown.fields["OK"] == "yes" and "Gateways" in shown.out and "Sources of events" in shown.out
    assert operator("status --json").json["ok"] is True
    assert "operator" in owner.refused("status")


# ---- what the command line says of itself ----

def test_errors_name_field_and_request(owner):
    said = owner.refused("keys", "create", "", "--scopes", "keys:read", exact=True)
    assert "name" in said and re.search(r"\(request gen_[0-9a-z]{26}\)$", said)


def test_exit_codes_stand_in_the_help(owner):
    text = owner("keys create --help").out
    assert re.findall(r"^  ([0-4])  ", text, re.M) == ["0", "1", "2", "3", "4"]
    assert owner("--version").out.startswith("tollgatectl ")
    assert "did you mean keys?" in owner.refused("kesy list", code=2)
    assert owner.run("keys list --csv --json").code == 2


def test_the_manual_is_clean():
    page = subprocess.run([PROGRAM, "man"], check=True, capture_output=True).stdout
    checkers = [words for words in (["groff", "-ww", "-man", "-Tutf8"], ["mandoc", "-T", "lint", "-W", "warning"])
                if shutil.which(words[0])]
    if not checkers:
        pytest.skip("neither groff nor mandoc is here")
    for words in checkers:
        done = subprocess.run(words, input=page, capture_output=True)
        assert done.returncode == 0 and not done.stderr, done.stderr.decode()


COMPLETIONS = [("", "keys"), ("ke", "keys"), ("keys ", "create"), ("providers credentials ", "add"), ("keys create --bud", "--budget-window"),
               ("keys create --kind ", "mgmt"), ("completion ", "fish"), ("--json keys cr", "create")]


@pytest.mark.parametrize("typed, wanted", COMPLETIONS)
def test_bash_completes(typed, wanted, tmp_path):
    script = tmp_path / "completion"
    script.write_bytes(subprocess.run([PROGRAM, "completion", "bash"], check=True, capture_output=True).stdout)
    ask = f'. {script}; COMP_WORDS=(tollgatectl "$@"); COMP_CWORD=$#; _tollgatectl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    words = typed.split(" ")
    done = subprocess.run(["bash", "-uc", ask, "bash", *words], check=True, capture_output=True, text=True)
    assert wanted in done.stdout.split() and not done.stderr, done


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    script = tmp_path / "completion"
    script.write_bytes(subprocess.run([PROGRAM, "completion", shell], check=True, capture_output=True).stdout)
    subprocess.run([shell, "-n", script], check=True)
    if shell == "fish":
        done = subprocess.run(["fish", "-c", f"source {script}; complete -C 'tollgatectl keys '"], check=True,
                              capture_output=True, text=True)
        assert "create\t" in done.stdout and not done.stderr
