"""tollgatectl as people run it: with a home of its own, with or without a terminal."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios

from .process import BIN

PROGRAM = BIN / "tollgatectl"
HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]")  # what a terminal would obey


class Done:
    """How a command ended."""

    def __init__(self, words, code, out, err=""):
        self.words, self.code, self.out, self.err = words, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def csv(self):
        return list(csv.DictReader(io.StringIO(self.out)))

    @property
    def fields(self):
        """A record: title → value."""
        parts = [line.split("  ", 1) for line in self.out.splitlines()]
        return {part[0].strip(): part[1].strip() for part in parts if len(part) == 2}

    def __repr__(self):
        return f"{' '.join(map(str, self.words))} = {self.code}\n{self.out}{self.err}"


class Ctl:
    """One person's tollgatectl. `ctl("keys list")` must succeed; `ctl.run(…)` gives whatever came."""

    def __init__(self, folder, url=None, **env):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(folder), "TERM": "xterm", "TZ": "UTC",
                    **({"TOLLGATE_URL": url} if url else {}), **env}

    @property
    def session(self):
        return self.folder / "tollgate/session"

    def file(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def words(self, words):
        return [part for word in words for part in (word.split() if isinstance(word, str) else [str(word)])]

    def run(self, *words, stdin="", env=None, exact=False):
        """Words are cut at blanks; with exact=True they are taken as they are."""
        words = [str(word) for word in words] if exact else self.words(words)
        done = subprocess.run([PROGRAM, *words], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**self.env, **(env or {})}, cwd=self.folder, timeout=120)
        return Done(words, done.returncode, done.stdout, done.stderr)

    def __call__(self, *words, **more):
        done = self.run(*words, **more)
        assert done.code == 0, done
        return done

    def refused(self, *words, code=1, **more):
        """The sentence of a refusal: one line that names the program."""
        done = self.run(*words, **more)
        assert done.code == code, done
        assert done.err.startswith("tollgatectl: ") and done.err.count("\n") == 1, done
        return done.err.removeprefix("tollgatectl: ").strip()

    def typed(self, *words, feed=(), width=200, env=None):
        """At a terminal: `feed` is [(what is asked, what is typed)]. Output and errors are one."""
        words = self.words(words)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        child = subprocess.Popen([PROGRAM, *words], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                 env={**self.env, **(env or {})}, cwd=self.folder)
        os.close(slave)
        out, feed = b"", list(feed)
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
            if feed and feed[0][0].encode() in out:
                os.write(master, feed.pop(0)[1].encode())
        os.close(master)
        return Done(words, child.wait(30), out.decode().replace("\r\n", "\n"))
