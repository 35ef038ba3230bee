#!/usr/bin/env python3
"""Shell scripts pass shellcheck, Python files parse."""

import ast
import re
import subprocess

from common import ROOT, finish, read, tracked


def is_shell(path):
    return path.endswith(".sh") or ("." not in path.rpartition("/")[2] and re.match(r"#!.*\b(ba)?sh\b", read(path)[:40]))


def main():
    offenders = []
    shell = [path for path in tracked() if is_shell(path)]
    if shell:
        run = subprocess.run(["shellcheck", "-x", "-f", "gcc", *shell], cwd=ROOT, capture_output=True, text=True)
        offenders += run.stdout.splitlines()
    for path in tracked("*.py"):
        try:
            ast.parse(read(path), path)
        except SyntaxError as error:
            offenders.append(f"{path}:{error.lineno}: {error.msg}")
    finish("scripts", offenders)


main()
