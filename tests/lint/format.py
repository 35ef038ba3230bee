#!/usr/bin/env python3
"""Every C file looks as clang-format with the root's .clang-format leaves it."""

import re
import subprocess

from common import ROOT, finish, tracked


def main():
    offenders, paths = [], tracked("*.c", "*.h")
    for start in range(0, len(paths), 40):
        run = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *paths[start:start + 40]],
                             cwd=ROOT, capture_output=True, text=True)
        offenders += re.findall(r"^(\S+?:\d+):\d+: (?:error|warning): ", run.stderr, re.M)
        if run.returncode != 0 and not offenders:
            offenders.append(run.stderr.strip())
    finish("format", [f"{where}: not formatted (clang-format -i)" for where in offenders])


main()
