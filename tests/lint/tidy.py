#!/usr/bin/env python3
"""clang-tidy with the root's .clang-tidy finds nothing. Needs the clang preset's compile_commands.json."""

import re
import subprocess

from common import ROOT, finish, read
from compiles import BUILD, check_all, commands


def tidy(path, words):
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(BUILD), str(ROOT / path)],
                         cwd=ROOT, capture_output=True, text=True)
    lines = re.findall(r"^(\S+?:\d+):\d+: (?:warning|error): (.*)$", run.stdout, re.M)
    if run.returncode != 0 and not lines:
        return [f"{path}: clang-tidy failed: {run.stderr.strip()[-300:]}"]
    # A wrapper of a libc function has it complain about the system's header: not ours to mend.
    own = str(ROOT) + "/"
    return [f"{where.removeprefix(own)}: {text}" for where, text in lines if where.startswith(own)]


finish("tidy", check_all(list(commands()), tidy, (read(".clang-tidy") + read("tests/.clang-tidy")).encode()))
