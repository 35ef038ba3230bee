"""CPU of several builds of the gateway per request, by turns. Each build has a Tollgate of its own, in a process of its own,
since the programs that a stack starts are chosen once; this one sends the load and reads the clocks."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

from support import places
from support.alone import stacks
from support.load import Load, failed

ROUNDS = int(os.environ.get("ROUNDS", "10"))
SECONDS = int(os.environ.get("SLICE_SECONDS", "5"))
RATE = int(os.environ.get("RATE", "1000"))
MODEL = "cpu/one"
HELLO = [{"role": "system", "content": "You know all rivers. " * 40},
         {"role": "user", "content": "Tell me something about rivers."}]


def serve():
    """A child: a stack with one deployment, until standard input ends."""
    with stacks() as make_stack:
        stack = make_stack(gateways=0)
        places.bring_in(stack, [places.provider("one")], [places.model(MODEL, [places.Place("one", "m")])])
        stack.add_gateway(0, upstream=[f"openai={stack.provider_url}/v1"])
        tenant = stack.new_tenant(usd="100000")
        print(json.dumps({"url": stack.url, "key": tenant["key"], "pid": stack.gateway.program.pid,
                          "folder": str(stack.folder)}), flush=True)
        sys.stdin.read()


class Build:
    def __init__(self, name, programs):
        self.name, self.costs = name, []
        self.child = subprocess.Popen([sys.executable, "-B", __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, env={**os.environ, "TOLLGATE_BIN": programs})
        told = json.loads(self.child.stdout.readline())
        self.clock = (~told["pid"] << 3) | 2  # the process's CPU clock, as clock_getcpuclockid(3) makes it
        self.key = told["key"]
        self.stack = types.SimpleNamespace(folder=pathlib.Path(told["folder"]), gateway=types.SimpleNamespace(url=told["url"]))

    def slice(self, stream, seconds):
        """Microseconds of CPU per call."""
        begun = time.clock_gettime_ns(self.clock)
        calls = Load(self.stack, "slice", {"model": MODEL, "messages": HELLO, "max_tokens": 60}, key=self.key, rate=RATE,
                     seconds=seconds, stream=stream).done()
        spent = time.clock_gettime_ns(self.clock) - begun
        assert not failed(calls), failed(calls)[:3]
        return spent / 1000 / len(calls)

    def stop(self):
        self.child.communicate()


def compare(builds, stream):
    costs = {build.name: [] for build in builds}
    for build in builds:
        build.slice(stream, 2)  # warm
    for number in range(ROUNDS):
        for build in builds if number % 2 else reversed(builds):
            costs[build.name].append(build.slice(stream, SECONDS))
    before, now = (costs[build.name] for build in builds)
    ratio = statistics.median(b / a for a, b in zip(before, now))
    print(f"| {'stream' if stream else 'whole answer'} | {statistics.median(before):.1f} µs | {statistics.median(now):.1f} µs | "
          f"{100 * (ratio - 1):+.1f} % |", flush=True)


def main():
    builds = [Build(*word.split("=", 1)) for word in sys.argv[1:]]
    try:
        print(f"{RATE} calls a second, {ROUNDS} rounds of {SECONDS} s, medians\n\n| | {builds[0].name} | {builds[1].name} | "
              "median of the rounds' ratios |\n|---|---|---|---|")
        for stream in (False, True):
            compare(builds, stream)
    finally:
        for build in builds:
            build.stop()


serve() if sys.argv[1:] == ["--serve"] else main()
