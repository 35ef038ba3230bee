"""A control plane and the people of one tenant of it: fixtures of a module."""

import json
import os

import pytest

GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(gateways=0)


@pytest.fixture(scope="module")
def plane(stack):
    return stack.serve_control()


@pytest.fixture(scope="module")
def operator(plane):
    return plane.operator()


@pytest.fixture(scope="module")
def owner(plane):
    return plane.owner()


@pytest.fixture(scope="module")
def members(stack):
    return f"/tenants/{stack.tenant}/members"


def fresh(word="someone"):
    return f"{word}-{os.urandom(5).hex()}@example.com"


def address():
    """A client of its own, so that one test's failures lock no other one out."""
    return "198.51.{}.{}".format(*os.urandom(2))


@pytest.fixture
def make_member(plane, owner, members):
    """make_member(role) -> (member, password); make_member(…, tenant=…) in another one by the operator."""
    def make(role="viewer", email=None, password=GOOD, by=None, path=members):
        made = (by or owner).post(path, {"email": email or fresh(role), "role": role, "name": role.title(),
                                         "password": password})
        assert "password" not in made
        return made["member"]
    return make


@pytest.fixture
def sign_in(plane, make_member):
    """A browser of a new member with that role."""
    def sign_in(role="viewer", **more):
        member = make_member(role, **more)
        browser = plane.browser(member["email"], GOOD, address=address(), **(
            {"tenant": member["tenant"]} if "path" in more else {}))
        browser.member = member
        return browser
    return sign_in


@pytest.fixture
def other_tenant(stack):
    return json.loads(stack.control("tenant", "create", "--name", f"other {os.urandom(4).hex()}", "--json"))["tenant"]
