"""A load that does not wait for answers, and what became of its calls."""

import collections
import dataclasses
import subprocess

from .process import own_program
from .raw import request_bytes

Call = collections.namedtuple("Call", "due_s first_ms ms status attempts word")


class Load:
    """Calls of one model while it goes on; `done()` gives what became of them."""

    def __init__(self, stack, name, body, gateway=None, key=None, rate=0, seconds=10, calls=None, stream=False,
                 path="/v1/chat/completions", headers=None, timeout_ms=60000):
        request = stack.folder / f"{name}.request"
        request.write_bytes(request_bytes(path, key or stack.key, {**body, "stream": stream}, **(headers or {})))
        self.out = stack.folder / f"{name}.calls"
        with open(self.out, "wb") as out:
            self.child = subprocess.Popen(
                [own_program("tollgate-open-load"), "--connect", (gateway or stack.gateway).url.removeprefix("http://"),
                 "--request", request, "--marker", "[DONE]" if stream else '"finish_reason":"', "--rate", str(rate),
                 "--seconds", str(seconds), "--timeout-ms", str(timeout_ms), *(["--calls", str(calls)] if calls else [])],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, cwd="/")

    def done(self):
        """By when they were due."""
        _, complaint = self.child.communicate()
        assert self.child.returncode == 0, complaint.decode()
        calls = []
        for line in self.out.read_text().splitlines():
            due, first, end, status, attempts, word = line.split()
            calls.append(Call(int(due) / 1e6, int(first) / 1000, int(end) / 1000, int(status), int(attempts), word))
        return sorted(calls)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()


def failed(calls):
    """All but whole answers."""
    return [call for call in calls if call.status != 200 or call.word != "whole"]


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


@dataclasses.dataclass(frozen=True)
class Told:
    """What a table says of a load."""
    calls: int
    errors: int
    errors_first_10_s: int
    retried: float
    p50_ms: float
    p99_ms: float

    @staticmethod
    def of(calls):
        times = [call.ms for call in calls if call.status == 200]
        wrong = failed(calls)
        return Told(len(calls), len(wrong), sum(call.due_s < 10 for call in wrong),
                    sum(call.attempts > 1 for call in calls) / max(len(calls), 1), quantile(times, 0.5), quantile(times, 0.99))
