"""What the console's tests stand on: the built console behind a real edge and control plane, and Debian's Chromium."""

import os
import pathlib
import shutil
import subprocess

import pytest
from playwright.sync_api import sync_playwright
from support.fixtures import *  # noqa: F403
from support.process import ROOT
from visit import Visit

BUILD = """
set -euo pipefail
ROOT=$1
. "$ROOT/deploy/lib/common.sh"
. "$ROOT/deploy/lib/console.sh"
LOG=$ROOT/build/test-logs
mkdir -p "$LOG"
(console_build) >&2
console_folder
"""


@pytest.fixture(scope="session")
def dist():
    """The folder of the built files: TOLLGATE_CONSOLE_DIST, or what deploy/up would build."""
    given = os.environ.get("TOLLGATE_CONSOLE_DIST")
    return pathlib.Path(given or subprocess.check_output(["bash", "-c", BUILD, "-", ROOT], text=True).strip())


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        flags = ["--force-color-profile=srgb", "--disable-dev-shm-usage"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stack(make_stack, dist):
    return make_stack(control=True, settings={"console_dir": dist})


@pytest.fixture(scope="module")
def windows(chromium, stack):
    """One window for each kind of looking at the console, kept through a module: signing in takes its time."""
    made = {}

    def window(who, width, scheme):
        if (who, width, scheme) not in made:
            one = Visit(chromium, stack.url, name=who, width=width, scheme=scheme)
            one.login(stack.boot[f"TOLLGATE_{who.upper()}_EMAIL"], stack.boot[f"TOLLGATE_{who.upper()}_PASSWORD"])
            made[who, width, scheme] = one
        return made[who, width, scheme]

    yield window
    for one in made.values():
        one.context.close()


@pytest.fixture
def visit(chromium, stack, request):
    """A factory: visit(who="member", width=1440, scheme="light") is a browser that is signed in as the bootstrap's
    member or operator, or as nobody with None. What went wrong in it fails the test at its end."""
    made = []

    def make(who="member", **more):
        one = Visit(chromium, stack.url, name=request.node.name, **more)
        made.append(one)
        if who:
            one.login(stack.boot[f"TOLLGATE_{who.upper()}_EMAIL"], stack.boot[f"TOLLGATE_{who.upper()}_PASSWORD"])
        return one

    yield make
    problems = [problem for one in made for problem in one.close()]
    assert not problems, "\n".join(problems)
