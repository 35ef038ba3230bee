#!/usr/bin/env python3
"""No `default:` over our own enums: a switch names every value, so that a new one is a compile error where it is missing.
Over an enum of a library a default is fine. Needs the clang preset's compile_commands.json."""

import re
import subprocess

from common import ROOT, finish
from compiles import BUILD, check_all, commands

FOREIGN = re.compile(r"'(CURL|RD_KAFKA|PGRES_|PQTRANS_|CONNECTION_|_)")


def check(path, words):
    flags = ["-fsyntax-only", "-Wno-everything", "-Wswitch-enum", "-Wcovered-switch-default", "-Wno-error"]
    run = subprocess.run([*[w for w in words if w != "-c"], *flags, str(ROOT / path)],
                         cwd=BUILD, capture_output=True, text=True)
    own = str(ROOT) + "/"
    return [f"{where.removeprefix(own)}: {text}"
            for where, text in re.findall(r"^(\S+?:\d+):\d+: warning: (.*?)(?: \[-W.*)?$", run.stderr, re.M)
            if where.startswith(own) and not FOREIGN.search(text)]


finish("switches", check_all(list(commands()), check))
