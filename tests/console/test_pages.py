"""Every page, wide and narrow, light and dark, with texts in it that would be scripts if they were not escaped: axe
finds nothing, the policy is not asked to refuse anything, nothing is wider than the window. Leaves a picture of each in
build/test-results/screens."""

from urllib.parse import quote

import pytest
from furnish import furnish
from payloads import PAYLOADS

MEMBER = ["overview", "requests", "request", "keys", "key", "ledger", "invoices", "credits", "projects", "project",
          "members", "member", "preset", "rules", "try", "account", "nowhere"]
OPERATOR = ["tenants", "tenant", "seen-as-operator", "catalog", "model", "import", "prices", "providers", "plans", "status",
            "audit"]
PAGES = [("member", page) for page in MEMBER] + [("operator", page) for page in OPERATOR]
SIZES = {390: 844, 1440: 900}


@pytest.fixture(scope="module")
def pages(stack):
    return furnish(stack)


def look_closely(window, name):
    """What is wrong with what the window shows, as lines."""
    found = [f"axe: {line}" for line in window.axe()]
    if window.overflow() > 0:
        found.append(f"it is {window.overflow()} px wider than its window")
    made = window.page.locator("[data-xss]").count()
    if made:
        found.append(f"{made} elements were made of texts")
    if window.page.get_by_role("heading", level=1).count() != 1:
        found.append(f"it has {window.page.get_by_role('heading', level=1).count()} first headings")
    found += window.problems
    window.problems = []
    return [f"{name} ({window.width}, {window.scheme}): {line}" for line in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("who,page", PAGES, ids=[page for _, page in PAGES])
def test_a_page_is_sound(windows, pages, who, page, width, scheme):
    window = windows(who, width, scheme)
    window.problems = []
    window.goto(pages[who][page])
    window.screenshot(f"{who}-{page}")
    found = look_closely(window, page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", ["projects", "keys", "members", "credits"])
def test_a_text_is_shown_as_it_was_written(windows, pages, page):
    window = windows("member", 1440, "light")
    window.goto(pages["member"][page])
    shown = window.page.locator("main").inner_text()
    assert any(text.split("\u202e")[0] in shown for text in PAYLOADS), shown[:2000]


@pytest.mark.parametrize("page,parameter", [("keys", "q"), ("projects", "q"), ("members", "q"), ("requests", "model")])
def test_a_text_in_the_address_is_a_text(windows, pages, page, parameter):
    window = windows("member", 1440, "dark")
    window.problems = []
    for text in PAYLOADS:
        window.goto(f"{pages['member'][page]}?{parameter}={quote(text, safe='')}")
        found = window.problems + ["an element was made of it"] * window.page.locator("[data-xss]").count()
        assert not found, (text, found)
