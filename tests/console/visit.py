"""One browser window at the console: what it shows, and everything that goes wrong in it."""

import functools
import importlib.resources
import json
import pathlib
import re
import time

from support.process import ROOT

SCREENS = ROOT / "build/test-results/screens"

# What stands there while something loads: a table that is busy, bones (parts/page.tsx) of the final height.
LOADING = '[aria-busy="true"], [class*="_bone_"]'

# After the next frame but one: whether the page is there and nothing in it still loads.
DRAWN = """loading => new Promise(tell => requestAnimationFrame(() => setTimeout(() =>
    tell(document.querySelector('h1') !== null && document.querySelector(loading) === null), 20)))"""

# What a page is refused by its Content-Security-Policy is told to the test, across navigations.
WATCH = """
document.addEventListener('securitypolicyviolation', (event) =>
    window.__refused(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`), true);
window.__alerts = [];
for (const name of ['alert', 'confirm', 'prompt'])
    window[name] = (text) => { window.__executed(`${name}(${text})`); return null; };
"""

# Chromium writes every answer that is no 2xx to its console; the tests look at the answers themselves.
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@functools.cache
def axe_source():
    return (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()


class Visit:
    def __init__(self, browser, url, name, width=1440, height=900, scheme="light"):
        self.url, self.name, self.width, self.scheme = url, name, width, scheme
        self.problems, self.scripts, self.clicks, self.open = [], {}, 0, set()
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=url, locale="en-GB",
            timezone_id="UTC", reduced_motion="reduce", has_touch=width < 600)
        self.context.expose_binding("__refused", lambda source, text: self.problems.append(f"refused by the policy: {text}"))
        self.context.expose_binding("__executed", lambda source, text: self.problems.append(f"a script was executed: {text}"))
        self.context.add_init_script(WATCH)
        self.context.set_default_timeout(15000)
        self.page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"an error in the page: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfinished", lambda request: self.open.discard(request))
        self.page.on("requestfailed", lambda request: self.open.discard(request))
        self.page.on("response", self._on_response)
        self.page.on("crash", lambda page: self.problems.append("the page crashed"))

    # ---- what goes wrong ----

    def _on_console(self, message):
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            self.problems.append(f"console {message.type}: {message.text}")

    def _on_request(self, request):
        self.open.add(request)
        if not request.url.startswith((self.url + "/", "data:", "blob:")):
            self.problems.append(f"a request to elsewhere: {request.url}")

    def _on_response(self, response):
        if response.status >= 500:
            self.problems.append(f"{response.status} for {response.request.method} {response.url}")
        if response.url.endswith(".js"):
            self.scripts[response.url.removeprefix(self.url + "/console/")] = response.status

    def expect(self, text):
        """Takes away the problems that hold this text: they belong to the test. There has to be one."""
        found = [problem for problem in self.problems if text in problem]
        assert found, f"nothing said {text!r}; there were: {self.problems}"
        self.problems = [problem for problem in self.problems if text not in problem]

    def close(self):
        self.context.close()
        return [f"{self.name} ({self.width}, {self.scheme}): {problem}" for problem in self.problems]

    # ---- going about ----

    def goto(self, path=""):
        """A path below /console/, until it is drawn and quiet."""
        self.page.goto(f"/console/{path.lstrip('/')}")
        self.settle()
        return self.page

    def settle(self):
        """Until nothing loads: no request is open and no bones are shown, in two looks with a frame drawn between them."""
        self.page.wait_for_load_state("load")
        end, quiet = time.monotonic() + 15, 0
        while quiet < 2:
            drawn = self.page.evaluate(DRAWN, LOADING)
            quiet = quiet + 1 if drawn and not self.open else 0
            assert time.monotonic() < end, f"it still loads: {[request.url for request in self.open]}"

    def login(self, email, password):
        page = self.page
        page.goto("/console/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator("main#main").wait_for()
        self.settle()
        return page

    def click(self, what):
        """A click that a person would make, counted. `what`: a locator, or ("button", "New key")."""
        self.clicks += 1
        if isinstance(what, tuple):
            what = self.page.get_by_role(what[0], name=what[1], exact=True)
        what.click()

    # ---- looking closely ----

    def axe(self, within="document"):
        """What axe-core finds, as lines; all its rules. It is put in by the debugger, which no policy concerns."""
        if not self.page.evaluate("typeof window.axe === 'object'"):
            self.page.evaluate(axe_source())
        found = self.page.evaluate(f"axe.run({within}, {{resultTypes: ['violations']}})")
        return [f"{one['id']}: {one['help']}: {node['target']} {node['html'][:200]}"
                for one in found["violations"] for node in one["nodes"]]

    def check_axe(self, where):
        found = self.axe()
        assert not found, f"{where} ({self.width}, {self.scheme}):\n" + "\n".join(found)

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def screenshot(self, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = pathlib.Path(SCREENS / f"{name}-{self.width}-{self.scheme}.png")
        self.page.screenshot(path=path, full_page=True)
        return path

    def shifts(self):
        """The sum of the layout's shifts so far that no input caused (CLS)."""
        return self.page.evaluate(
            "new Promise(done => new PerformanceObserver(list => done(list.getEntries()"
            ".filter(e => !e.hadRecentInput).reduce((sum, e) => sum + e.value, 0)))"
            ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 200))")

    def session(self):
        """Who the window is signed in as, asked with its own cookie."""
        return json.loads(self.page.evaluate("fetch('/control/v1/session').then(answer => answer.text())"))
