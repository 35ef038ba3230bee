"""A newcomer's way: sign in, make a call with the SDK, find it in the overview and among the requests."""

from support.process import wait_until

SCRIPT_BYTES_MAX = 180_000


def call(stack):
    answer = stack.client().chat.completions.create(
        model="openai/gpt-4.1-mini", max_tokens=20, messages=[{"role": "user", "content": "Say hello."}])
    return answer


def test_whoever_is_not_signed_in_sees_the_login(visit):
    window = visit(who=None)
    page = window.goto("t/ten_00000000000000000000000000/keys")
    assert page.get_by_role("heading", name="Sign in").is_visible()
    window.check_axe("login")
    assert window.overflow() <= 0


def test_a_wrong_password_is_said_at_the_login(visit, stack):
    window = visit(who=None)
    page = window.goto()
    page.get_by_label("E-mail").fill(stack.boot["TOLLGATE_MEMBER_EMAIL"])
    page.get_by_label("Password", exact=True).fill("not this one at all")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("heading", name="Sign in").is_visible()


def is_light(window, dist):
    """What a browser loads to show the start, as it comes over the wire with gzip."""
    window.scripts.clear()
    window.goto()
    sizes = {name: (dist / f"{name}.gz" if (dist / f"{name}.gz").exists() else dist / name).stat().st_size
             for name in window.scripts}
    assert sizes and sum(sizes.values()) <= SCRIPT_BYTES_MAX, sizes


def test_the_first_route_is_light(visit, dist):
    is_light(visit(), dist)


def test_a_call_made_with_the_sdk_shows_up(visit, stack, dist):
    window = visit()
    tenant = window.session()["tenant"]["id"]
    request = call(stack)
    assert request.choices
    wait_until(lambda: stack.events(), "the call is booked")
    page = window.goto(f"t/{tenant}/overview")
    assert page.get_by_role("heading", level=1).is_visible()
    page.get_by_text("gpt-4.1-mini").first.wait_for()
    is_light(window, dist)
    page = window.goto(f"t/{tenant}/requests")
    page.get_by_role("row").filter(has_text="gpt-4.1-mini").first.wait_for()
    window.screenshot("first-requests")
