"""What people come to the console for, done as they would do it, in no more clicks than named."""

import csv
import datetime
import decimal
import io
import re

import httpx
import openai
import pytest
from payloads import PAYLOADS
from playwright.sync_api import expect
from support.books import close
from support.process import wait_until

MODEL = "openai/gpt-4.1-mini"
SAY = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def called(stack):
    """Some calls were made: one of them cost most."""
    client = stack.client()
    for tokens in (5, 5, 60):
        client.chat.completions.create(model=MODEL, max_tokens=tokens, messages=SAY)
    wait_until(lambda: len(stack.events()) >= 3, "the calls are booked", 60)
    return stack.tenant


def rows(page):
    return page.get_by_role("table").get_by_role("row").filter(has=page.get_by_role("cell"))


def test_find_the_dearest_request_and_why_it_cost_that(visit, stack, called):
    window = visit()
    page = window.goto(f"t/{called}/overview")
    window.click(("link", "Requests"))
    window.settle()
    window.click(("button", "Charged"))
    window.settle()
    pico = stack.query("SELECT max(charge_pico) AS pico FROM tollgate.usage_events")[0]["pico"]
    dearest = format(decimal.Decimal(int(pico)).scaleb(-12).normalize(), "f")
    charges = [row.get_by_role("cell").last.inner_text() for row in rows(page).all()]
    assert charges[0].startswith("$") and len(charges) >= 3
    window.click(rows(page).first.get_by_role("link").first)
    sheet = page.get_by_role("dialog")
    sheet.get_by_text("What it cost, and why").wait_for()
    window.settle()
    said = re.sub(r"[\s,$]", "", sheet.inner_text())
    assert dearest in said, (dearest, sheet.inner_text())
    window.check_axe("a request's sheet")
    assert window.clicks <= 3


def test_make_a_key_use_it_see_it_used_and_revoke_it(visit, stack, called):
    window = visit()
    page = window.goto(f"t/{called}/overview")
    window.click(("link", "Keys"))
    window.click(("button", "New key"))
    page.get_by_label("Name").fill("from the browser")
    page.get_by_label("Budget").fill("5")
    window.check_axe("the form of a key")
    window.click(("button", "Make key"))
    secret = page.get_by_role("dialog").get_by_label("secret", exact=True).inner_text().strip()
    assert secret.startswith("sk-tg1_live_")
    window.check_axe("a secret that is shown once")
    window.click(("button", "I have it"))
    assert window.clicks <= 4
    assert secret not in page.content()
    made, = stack.plane.owner().get(f"/tenants/{called}/keys", q="from the browser")["data"]
    assert decimal.Decimal(made["budget"]) == 5
    wait_until(lambda: stack.knows(secret), "the gateway knows the key")
    assert stack.client(key=secret).chat.completions.create(model=MODEL, max_tokens=5, messages=SAY).choices

    window.clicks = 0
    window.click(page.get_by_role("link", name="from the browser"))
    window.click(("button", "Revoke"))
    dialog = page.get_by_role("dialog").filter(has=page.get_by_role("textbox"))
    dialog.get_by_role("textbox").first.fill("from the browser")
    window.click(dialog.get_by_role("button", name=re.compile("Revoke")))
    assert window.clicks <= 3
    wait_until(lambda: httpx.get(stack.url + "/v1/models", headers={"authorization": f"Bearer {secret}"}).status_code == 401,
               "the key is refused")
    with pytest.raises(openai.AuthenticationError):
        stack.client(key=secret).chat.completions.create(model=MODEL, messages=SAY)


def test_invite_a_member_who_then_signs_in_and_may_not_do_everything(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/overview")
    window.click(("link", "Members"))
    window.click(("button", "New member"))
    page.get_by_label("E-mail").fill("viewer@example.com")
    page.get_by_role("dialog").get_by_label("Role").first.click()
    page.get_by_role("option", name=re.compile("^Viewer")).click()
    window.check_axe("the form of a member")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("member|Invite", re.I)).last.click()
    password = page.get_by_role("dialog").get_by_label(re.compile("password", re.I)).last.inner_text().strip()
    page.get_by_role("button", name="I have it").click()
    guest = visit(who=None)
    guest.login("viewer@example.com", password)
    assert guest.session()["role"] == "viewer"
    seen = guest.goto(f"t/{called}/keys")
    assert seen.get_by_role("button", name="New key").count() == 0


def test_an_operator_gives_credit(visit, stack, called):
    before = stack.plane.operator().get(f"/tenants/{called}/balance")
    window = visit(who="operator")
    page = window.page
    window.click(page.get_by_role("table").get_by_role("link", name="Trial"))
    window.click(("button", "Give credit"))
    page.get_by_label("Amount").fill("100")
    page.get_by_label("Why").fill(PAYLOADS[1])
    window.click(page.get_by_role("dialog").get_by_role("button", name=re.compile("^Give")))
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert window.clicks <= 3
    after = stack.plane.operator().get(f"/tenants/{called}/balance")
    assert decimal.Decimal(after["promo"]) - decimal.Decimal(before["promo"]) == 100


def test_an_operator_publishes_a_price_from_tomorrow(visit, stack, called):
    window = visit(who="operator")
    page = window.page
    window.click(("link", "Catalog"))
    page.get_by_label("Search models").fill(MODEL)
    expect(rows(page)).to_have_count(1)
    window.click(page.get_by_role("link", name=MODEL, exact=True))
    window.click(("button", "Change the price at openai"))
    page.get_by_label("input", exact=True).fill("0.45")
    window.click(("button", "Review"))
    page.get_by_role("dialog").get_by_role("cell", name="$0.45 / 1M").wait_for()
    window.check_axe("the review of a price")
    window.click(("button", "Publish"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert window.clicks <= 5
    planned, = stack.plane.operator().get("/prices", model=MODEL, state="future")["data"]
    tomorrow = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1)
    assert planned["book"] == "list" and planned["effective_from"] == f"{tomorrow}T00:00:00.000Z"
    assert {rate["meter"]: rate["per_million"] for rate in planned["rates"]}["input"] == "0.45"


def test_the_calls_stand_on_the_invoice(visit, stack, called):
    last = max(event["event_time"] for event in stack.events())
    wait_until(lambda: datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) > last, "the last second is over")
    invoice = close(stack, called, datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
    window = visit()
    page = window.goto(f"t/{called}/overview")
    window.click(("link", "Billing"))
    window.click(page.get_by_role("link", name=invoice["number"]))
    page.get_by_role("heading", level=1, name=invoice["number"]).wait_for()
    window.settle()
    lines = rows(page).all_inner_texts()
    assert any(MODEL in line and "output" in line.lower() for line in lines), lines
    window.check_axe("an invoice")
    window.screenshot("invoice")
    assert window.overflow() <= 0 and window.clicks <= 2
    used = format(decimal.Decimal(int(invoice["usage_pico"])).scaleb(-12).normalize(), "f")
    assert used in page.locator("main").inner_text().replace(",", "")


def test_every_text_field_of_the_forms_takes_a_text_and_shows_it(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/projects")
    for text in PAYLOADS:
        page.get_by_role("button", name="New project").click()
        page.get_by_label("Name").fill(text)
        page.get_by_role("button", name="Make project").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("status").or_(page.get_by_role("alert")).get_by_text("is made").first.wait_for()
    window.settle()
    assert page.locator("[data-xss]").count() == 0
    page.get_by_label("Search projects").fill(PAYLOADS[0])
    expect(rows(page)).to_have_count(1)


def test_the_view_is_its_address(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/requests?sort=charge")
    first = rows(page).first.inner_text()
    page.reload()
    window.settle()
    assert rows(page).first.inner_text() == first
    rows(page).first.get_by_role("link").first.click()
    page.get_by_role("dialog").wait_for()
    assert "open=" in page.url and "sort=charge" in page.url
    page.reload()
    page.get_by_role("dialog").wait_for()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "sort=charge" in page.url and "open=" not in page.url


def test_the_keyboard_leads_everywhere(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/overview")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()
    page.keyboard.type("requests")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests*")
    window.settle()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("This help").wait_for()
    window.check_axe("the help")


def test_a_csv_has_what_the_table_shows(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/requests")
    shown = rows(page).count()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    with open(started.value.path(), newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(io.StringIO(file.read())))
    assert len(lines) == shown
    assert not any(value.startswith(("=", "+", "@")) for line in lines for value in line.values() if value)


def test_a_session_that_ends_leaves_the_page_where_it_was(visit, stack, called):
    window = visit()
    page = window.goto(f"t/{called}/projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name").fill("kept")
    window.context.clear_cookies()
    page.get_by_role("button", name="Make project").click()
    page.get_by_role("heading", name="Your session has ended").wait_for()
    window.check_axe("the login above a page")
    page.get_by_label("Password", exact=True).fill(stack.boot["TOLLGATE_MEMBER_PASSWORD"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your session has ended")).to_have_count(0)
    assert page.get_by_label("Name").input_value() == "kept"


def test_while_the_control_plane_is_away_it_is_said_and_a_retry_helps(visit, stack, called):
    window = visit()
    stack.plane.program.kill()
    page = window.page
    page.goto(f"/console/t/{called}/keys")
    page.get_by_role("button", name=re.compile("again|retry", re.I)).first.wait_for(timeout=40000)
    window.expect("503 for")
    stack.plane.program.start()
    wait_until(lambda: stack.plane.answers(), "the control plane answers")
    page.get_by_role("button", name=re.compile("again|retry", re.I)).first.click()
    page.get_by_role("heading", level=1, name="Keys").wait_for()
    window.settle()
    window.problems = [problem for problem in window.problems if "503" not in problem]


def test_signing_out_ends_it(visit, called):
    window = visit()
    page = window.goto(f"t/{called}/keys")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Sign in").wait_for()
    assert window.context.cookies() == []


def test_make_a_preset_be_told_what_is_wrong_with_it_and_go_back(visit, stack):
    window = visit()
    page = window.goto(f"t/{stack.tenant}/routing")
    window.click(("button", "New preset"))
    editor = page.get_by_label("Preset, as JSON")
    page.get_by_label("Name").fill("first")
    editor.fill('{"strategy": {"mode": "loadbalance"},\n "targets": [\n  {"model": "openai/gpt-4.1-mini"},\n'
                '  {"model": "openai/gpt-4.1-mni"}]}')
    window.click(("button", "Make preset"))
    page.get_by_text("targets[1].model").wait_for()
    window.check_axe("a preset that was refused")
    window.click(("button", "Line 4"))
    chosen = editor.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert chosen == '  {"model": "openai/gpt-4.1-mni"}]}'
    editor.fill('{"model": "openai/gpt-4.1-mini"}')
    window.click(("button", "Make preset"))
    page.get_by_text("@preset/first").first.wait_for()
    editor.fill('{"model": ')
    page.get_by_text("This is not JSON").wait_for()
    expect(page.get_by_role("button", name="Save as version 2")).to_be_disabled()
    editor.fill('{"model": "openai/gpt-4.1-nano"}')
    window.click(("button", "Save as version 2"))
    page.get_by_role("button", name="Save as version 3").wait_for()
    window.click(("button", "Put version 1 into the editor"))
    page.get_by_text("This is version 1").wait_for()
    assert "openai/gpt-4.1-mini" in editor.input_value()
    window.click(("button", "Save as version 3"))
    page.get_by_role("button", name="Save as version 4").wait_for()
    kept = stack.plane.owner().get(f"/tenants/{stack.tenant}/presets/first")
    assert kept["version"] == 3 and kept["body"] == {"model": "openai/gpt-4.1-mini"}
    window.check_axe("a preset in three versions")


def test_change_the_rules_and_see_whom_they_leave_out(visit, stack):
    stack.change("UPDATE tollgate.deployments SET retains = (provider <> 'azure') WHERE model = %s", MODEL)
    window = visit()
    page = window.goto(f"t/{stack.tenant}/routing/rules")
    page.get_by_label("Only providers that keep nothing").check()
    window.click(("button", "Save"))
    page.get_by_text("The rules are changed").wait_for()
    assert stack.plane.owner().get(f"/tenants/{stack.tenant}/routing")["zdr"] is True
    wait_until(lambda: stack.post("/v1/route/dry-run", {"model": MODEL, "messages": SAY}).json()["excluded"],
               "the gateway goes by the rules")
    window.click(("link", "Dry run"))
    page.get_by_role("combobox", name="Model or preset").fill(MODEL)
    page.get_by_label("API key").fill(stack.key)
    window.click(("button", "Where would it go?"))
    page.get_by_text("It would be tried in this order").wait_for()
    window.settle()
    order = page.get_by_label("Table of attempts").inner_text()
    left_out = page.get_by_label("Table of providers that are left out").inner_text()
    assert "azure" in order and "openai\t" not in order and "tenant.zdr" in left_out
    window.check_axe("a dry run")
    page.get_by_label("API key").fill(stack.key + "x")
    window.click(("button", "Where would it go?"))
    page.get_by_label("A request").get_by_role("alert").wait_for()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    assert stack.key not in kept, "it is in memory only"
