#!/usr/bin/env python3
"""Every header compiles by itself: it includes what it needs. Needs the clang preset's compile_commands.json."""

import re
import subprocess

from common import ROOT, finish, tracked
from compiles import BUILD, check_all, commands


def compile_alone(path, words):
    run = subprocess.run([*words, "-fsyntax-only", "-Wno-unused-function", "-x", "c", str(ROOT / path)],
                         cwd=BUILD, capture_output=True, text=True)
    if run.returncode == 0:
        return []
    first = re.search(r"error: .*", run.stderr)
    return [f"{path}: does not compile alone: {first.group(0) if first else run.stderr[-200:]}"]


def main():
    # A header is compiled with the words of a source of its folder: they name the libraries' folders.
    by_folder = {}
    for path, words in commands():
        by_folder.setdefault(path.rpartition("/")[0], [w for w in words if w != "-c"])
    items = [(path, by_folder[path.rpartition("/")[0]]) for path in tracked("*.h") if path.rpartition("/")[0] in by_folder]
    finish("headers", check_all(items, compile_alone))


main()
