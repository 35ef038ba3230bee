"""Programs that tests start: their logs, their ends, and waiting for a condition."""

import os
import pathlib
import signal
import socket
import subprocess
import time

SIGTERM = signal.SIGTERM  # within Program the word is a method

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("TOLLGATE_BIN", ROOT / "build/release/bin"))


def own_program(name, path=None):
    """A program or library of the tests' own, built beside the programs under test when it is not there yet."""
    found = BIN.parent / (path or f"bin/{name}")
    if not found.exists():
        subprocess.run(["cmake", "--build", BIN.parent, "--target", name], check=True, stdout=subprocess.DEVNULL)
    return found


def free_port():
    """A port that is free now; another may take it before it is used, then the program says so and the test fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=20.0):
    """Asks until the condition holds and returns what it said; fails after that time."""
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)  # sleep-ok: between two looks at a condition
        pause = min(pause * 1.5, 0.1)


class Program:
    """One child process with its log. Ended with the test, whatever happens."""

    def __init__(self, name, words, log, env=None, stdout=None):
        self.name = name
        self.words = [str(word) for word in words]
        self.log = pathlib.Path(log)
        self.env = env
        self.stdout = stdout
        self.child = None
        self.start()

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=self.stdout or out, stderr=out, start_new_session=True,
                cwd="/", env={**os.environ, **(self.env or {})})

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.poll() is None

    def must_run(self):
        if not self.running():
            raise AssertionError(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")

    def tail(self, lines=30):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def signal(self, number):
        if self.running():
            os.kill(self.child.pid, number)

    def kill(self):
        if self.running():
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds=30, number=SIGTERM):
        if self.child is None:
            return
        if self.running():
            self.signal(number)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM:\n{self.tail()}") from None
