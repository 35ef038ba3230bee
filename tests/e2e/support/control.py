"""The control plane's API as clients see it: browsers that are signed in, and whoever comes with a bearer token."""

import re

import httpx

from .process import BIN, Program, free_port, wait_until

PREFIX = "/control/v1"


class ControlPlane:
    """`tollgate-control serve` of one stack, called as the edge calls it."""

    def __init__(self, stack, **settings):
        port = free_port()
        self.stack = stack
        self.url = f"http://127.0.0.1:{port}"
        secret = stack.secret("master.key", "7" * 64)
        config = stack.config("control", listen=f"127.0.0.1:{port}", database_url_file=stack.folder / "control.url",
                              master_key_file=secret, **settings)
        self.program = Program("control", [BIN / "tollgate-control", "serve", "--config", config],
                               log=stack.folder / "control.log")
        wait_until(self.answers, "the control plane answers", 30)

    def answers(self):
        self.program.must_run()
        try:
            return self.call("GET", "/session").status_code == 401
        except httpx.TransportError:
            return False

    def call(self, method, path, body=None, bearer=None, address="192.0.2.1", headers=None, **more):
        """One call of somebody without a browser."""
        given = {"x-forwarded-for": address, **({"authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
        if body is not None:
            more["json"] = body
        # There is no TLS to verify here, and reading the system's certificates for each call takes 0.1 s.
        return httpx.request(method, self.url + PREFIX + path, headers=given, timeout=30, verify=False, **more)

    def login(self, email, password, **more):
        """The answer to a login, whatever it is."""
        address = more.pop("address", "192.0.2.1")
        return self.call("POST", "/session", {"email": email, "password": password, **more}, address=address)

    def browser(self, email, password, **more):
        return Browser(self, email, password, **more)

    def operator(self):
        """The operator of the bootstrap, in a browser."""
        boot = self.stack.boot
        return self.browser(boot["TOLLGATE_OPERATOR_EMAIL"], boot["TOLLGATE_OPERATOR_PASSWORD"])

    def owner(self):
        """The owner of the bootstrap's tenant, in a browser."""
        boot = self.stack.boot
        return self.browser(boot["TOLLGATE_MEMBER_EMAIL"], boot["TOLLGATE_MEMBER_PASSWORD"])

    def stop(self):
        self.program.stop(30)


class Browser:
    """Keeps the session's cookie, and sends its csrf token with what changes something. `url`: through that edge."""

    def __init__(self, control, email, password, address="192.0.2.1", url=None, **more):
        self.control = control
        self.http = httpx.Client(base_url=(url or control.url) + PREFIX, headers={"x-forwarded-for": address}, timeout=30)
        answer = self.http.post("/session", json={"email": email, "password": password, **more})
        assert answer.status_code == 201, answer.text
        self.login = answer
        self.who = answer.json()
        self.csrf = self.who["csrf_token"]

    @property
    def cookie(self):
        return self.http.cookies.get("tollgate_session")

    def call(self, method, path, body=None, csrf=True, headers=None, **more):
        given = {**({"x-csrf-token": self.csrf} if csrf and method != "GET" else {}), **(headers or {})}
        if body is not None:
            more["json"] = body
        return self.http.request(method, path, headers=given, **more)

    def get(self, path, **params):
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path, body=None, status=(200, 201, 204), **more):
        answer = self.call("POST", path, body, **more)
        assert answer.status_code in status, answer.text
        return answer.json() if answer.content else None

    def patch(self, path, body, etag="*"):
        return self.call("PATCH", path, body, headers={"if-match": etag if etag == "*" else f'"{etag}"'})


def problem(answer, status, word):
    """The problem that a refusal is, checked for its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["type"] == f"urn:tollgate:problem:{word}", found
    assert found["status"] == status and found["title"] and found["detail"]
    assert found["instance"] == found["request_id"] == answer.headers["x-request-id"]
    return found


def cookie_of(answer):
    """(value, {attribute: value}) of the one session cookie that an answer sets."""
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith("tollgate_session=")]
    assert len(lines) == 1, lines
    first, *rest = re.split(r"; *", lines[0])
    attributes = dict((part.split("=", 1) + [""])[:2] for part in rest)
    return first.split("=", 1)[1], attributes
