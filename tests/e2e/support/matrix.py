"""Every fault of the fake provider, once for each way of asking: what is asked, and what the client saw."""

import dataclasses
import functools
import json
import time

import httpx

from . import places, raw
from .ids import uuid_of
from .process import wait_until

HELLO = "Tell me something about rivers."
# Language of the client, and the provider's: patched, translated, passed on as it stands, translated.
KINDS = {"chat": "openai-compatible", "messages": "openai-compatible", "messages-own": "anthropic",
         "generate": "openai-compatible"}
# How many deployments there are. "goes-on": of a tenant whose streams that break go on at the other.
COMPANY = {"pair": 2, "alone": 1, "goes-on": 2}
# Of those that would take too long, or send too much, as they are by themselves.
KNOBS = {"slow": "first_ms=300;pace_us=100000;tokens=8", "huge-line": "bytes=20000000", "gzip-bomb": "bytes=4000000", "endless": "pace_us=5000"}
OUTPUT_TOKENS = 500  # so that the money of many at once is there
TIMEOUTS_MS = {"timeout_first": 500, "timeout_idle": 600, "timeout_total": 3000}
# Only who is silent meets them: a busy machine may make others late.
SILENT = {"timeout_first": ["stall", "stall-before-head", "stall-after-head"], "timeout_idle": ["stall-mid"],
          "timeout_total": ["stall", "stall-before-head", "stall-after-head", "stall-mid", "endless"]}
COLUMNS = {"timeout_first": "first_token_timeout_ms", "timeout_idle": "idle_timeout_ms", "timeout_total": "total_timeout_ms"}


@dataclasses.dataclass(frozen=True)
class Case:
    fault: str
    kind: str
    stream: bool
    company: str

    @property
    def name(self):
        return f"{self.kind}.{'stream' if self.stream else 'whole'}.{self.company}"

    @property
    def model(self):
        return f"matrix/{self.name}.{self.fault}"

    @property
    def bad(self):
        """By its name the provider knows what to do wrong."""
        return f"{self.name}.fault-{self.fault}"

    @property
    def good(self):
        return f"{self.name}.good-{self.fault}"

    def request(self):
        """(path, body)"""
        if self.kind == "generate":
            method = "streamGenerateContent?alt=sse" if self.stream else "generateContent"
            return f"/v1beta/models/{self.model}:{method}", {"contents": [{"role": "user", "parts": [{"text": HELLO}]}],
                                                             "generationConfig": {"maxOutputTokens": OUTPUT_TOKENS}}
        body = {"model": self.model, "messages": [{"role": "user", "content": HELLO}], "stream": self.stream,
                "max_tokens": OUTPUT_TOKENS}
        if self.kind == "chat":
            more = {"stream_options": {"include_usage": True}} if self.stream else {}
            return "/v1/chat/completions", {**body, **more}
        return "/v1/messages", body


@dataclasses.dataclass
class Seen:
    """What one client saw, and what everybody else says of it."""
    status: int = 0
    framed: bool = False        # the HTTP message came to its end
    text: str = ""
    ended: bool = False         # by the dialect's own marker, or a whole answer with a reason to stop
    error: dict | None = None   # as the dialect tells it
    shape: str = ""             # "": none; else how the error was told
    word: str = ""              # x-tollgate-error
    cost_pico: int | None = None
    attempts: int = 0
    ms: float = 0
    generation: str = ""
    event: dict | None = None
    tried: list = dataclasses.field(default_factory=list)  # of the request's log
    truth: list = dataclasses.field(default_factory=list)  # the provider's lines, bad first
    last: str = ""              # how the answer ended

    def brief(self):
        return (f"{self.status} {self.word} after {self.attempts} in {self.ms:.0f} ms, {self.shape or 'no error'}: "
                f"{self.tried} …{self.last}")


def pico(usage):
    return None if not usage or usage.get("cost") is None else round(float(usage["cost"]) * 10**12)


def read_chat(seen, bodies, stream):
    for body in bodies:
        if body == "[DONE]":
            seen.ended = True
        elif "error" in body:
            seen.error, seen.shape = body["error"], "error"
        else:
            for choice in body["choices"]:
                said = choice["delta" if stream else "message"]
                seen.text += said.get("content") or ""
                seen.ended = seen.ended or not stream and choice["finish_reason"] is not None
            seen.cost_pico = pico(body.get("usage")) if body.get("usage") else seen.cost_pico


def read_messages(seen, bodies, stream):
    for body in bodies:
        kind = body["type"]
        if kind == "error":
            seen.error, seen.shape = body["error"], "error"
        elif kind == "message":
            seen.text = "".join(block.get("text", "") for block in body["content"])
            seen.ended = body["stop_reason"] is not None
        elif kind == "content_block_delta":
            seen.text += body["delta"].get("text", "")
        elif kind == "message_stop":
            seen.ended = True
        usage = pico(body.get("usage") or body.get("message", {}).get("usage"))
        seen.cost_pico = seen.cost_pico if usage is None else usage


def read_generate(seen, bodies, stream):
    for body in bodies:
        if "error" in body:
            seen.error, seen.shape = body["error"], "error"
            continue
        for candidate in body["candidates"]:
            seen.text += "".join(part.get("text", "") for part in candidate.get("content", {}).get("parts", []))
            seen.ended = seen.ended or "finishReason" in candidate
        usage = pico(body.get("usageMetadata"))
        seen.cost_pico = seen.cost_pico if usage is None else usage


READERS = {"chat": read_chat, "messages": read_messages, "messages-own": read_messages, "generate": read_generate}


def read(case, answer):
    seen = Seen(status=answer.status, framed=answer.whole, word=answer.headers.get("x-tollgate-error", ""),
                attempts=int(answer.headers.get("x-tollgate-attempts", 0)), generation=answer.generation or "")
    stream = answer.headers.get("content-type", "").startswith("text/event-stream")
    if stream:
        bodies = [frame if frame == "[DONE]" else json.loads(frame) for frame in answer.frames]
    else:
        try:
            bodies = [json.loads(answer.body)]
        except ValueError:
            bodies = []
            seen.shape = "no JSON"
    seen.last = answer.body[-300:].decode("utf-8", "replace")
    READERS[case.kind](seen, bodies, stream)
    if seen.error is not None:
        seen.shape = "in band" if stream else "body"
    return seen


class Matrix:
    """A Tollgate with a model for every case, and the calls of all of them."""

    def __init__(self, make_stack, at_once=24, kinds=tuple(KINDS), companies=tuple(COMPANY)):
        self.at_once = at_once
        stack = self.stack = make_stack(gateways=0)
        self.faults = [row["name"] for row in httpx.get(stack.provider_url + "/faults").json()]
        self.cases = [Case(fault, kind, stream, company) for company in companies for fault in self.faults
                      for kind in kinds for stream in (False, True) if stream or company != "goes-on"]
        places.bring_in(stack, [places.provider(slug + suffix, dialect=dialect) for slug in ("bad", "good")
                                for suffix, dialect in (("", "openai-compatible"), ("-own", "anthropic"))],
                        [self.model(case) for case in self.cases])
        stack.change("UPDATE tollgate.deployments SET priority = 1 WHERE provider LIKE 'good%%'")
        for reason, faults in SILENT.items():
            stack.change(f"UPDATE tollgate.deployments SET {COLUMNS[reason]} = %s WHERE upstream_id = ANY (%s)",
                         TIMEOUTS_MS[reason], [case.bad for case in self.cases if case.fault in faults])
        for fault, knob in KNOBS.items():
            for case in self.cases:
                if case.fault == fault:
                    stack.faults(model=case.bad, fault=knob, count=-1)
        url = stack.provider_url + "/v1"
        stack.add_gateway(0, upstream=[f"openai={url}", f"anthropic={url}"])
        self.going_on = stack.new_tenant()
        stack.change("INSERT INTO tollgate.tenant_routing (tenant_id, continue_on_failure) VALUES (%s, true)",
                     uuid_of(self.going_on["tenant"]))

    @staticmethod
    def model(case):
        suffix = "-own" if case.kind == "messages-own" else ""
        all_of_them = [places.Place("bad" + suffix, case.bad), places.Place("good" + suffix, case.good)]
        return places.model(case.model, all_of_them[:COMPANY[case.company]], KINDS[case.kind])

    def run(self):
        """{case: what was seen}"""
        seen = dict(zip(self.cases, raw.load([functools.partial(self.one, case) for case in self.cases], self.at_once)))
        self.add_events(seen)
        return seen

    async def one(self, case):
        path, body = case.request()
        begun = time.monotonic()
        key = self.going_on["key"] if case.company == "goes-on" else self.stack.key
        answer = await raw.call(self.stack.url, key, body, path=path, seconds=30)
        ms = (time.monotonic() - begun) * 1000
        seen = read(case, answer)
        seen.ms = ms
        return seen

    def add_events(self, seen):
        by_id = {str(uuid_of(one.generation)): one for one in seen.values() if one.generation}
        wait_until(lambda: self.stack.query("SELECT count(*) AS n FROM tollgate.usage_events WHERE event_id = ANY(%s::uuid[])",
                                            list(by_id))[0]["n"] == len(by_id), f"{len(by_id)} events are posted", 60)
        for event in self.stack.events():
            if str(event["event_id"]) in by_id:
                by_id[str(event["event_id"])].event = event
        for log in self.stack.query("SELECT event_id, attempts FROM tollgate.request_log"):
            if str(log["event_id"]) in by_id:
                by_id[str(log["event_id"])].tried = log["attempts"]
        by_model = {}
        for line in self.stack.truth():
            by_model.setdefault(line["model"], []).append(line)
        for case, one in seen.items():
            one.truth = by_model.get(case.bad, []) + by_model.get(case.good, [])
