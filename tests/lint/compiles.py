"""Runs a tool once per file of compile_commands.json, one for each processor at a time. With the tool's settings it skips
what it found clean before: a file whose preprocessed text, command and settings are the same. A tool that takes no longer
than the preprocessor does without that."""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess

from common import ROOT

BUILD = ROOT / "build" / "clang"
CACHE = ROOT / "build" / "lint-cache"


def commands():
    """(path relative to ROOT, compiler command without output and dependency words), for our own sources."""
    with open(BUILD / "compile_commands.json", encoding="utf-8") as file:
        entries = json.load(file)
    # A source of several targets is read once.
    for entry in sorted({e["file"]: e for e in entries}.values(), key=lambda e: e["file"]):
        words = shlex.split(entry["command"])
        if os.path.basename(words[0]) == "ccache":
            words = words[1:]
        words = words[:words.index("-o")]
        yield os.path.relpath(entry["file"], ROOT), words


def key_of(path, words, settings):
    run = subprocess.run([*words, "-E", "-P", str(ROOT / path)], cwd=BUILD, capture_output=True)
    return hashlib.sha256(b"\0".join([run.stdout, run.stderr, " ".join(words).encode(), settings])).hexdigest()


def check_one(item, settings, tool):
    path, words = item
    if settings is None:
        return tool(path, words)
    mark = CACHE / key_of(path, words, settings)
    if mark.exists():
        return []
    offenders = tool(path, words)
    if not offenders:
        mark.touch()
    return offenders


def check_all(items, tool, settings=None):
    """The offenders of tool(path, words) over all items; every line once, since headers come again and again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for offenders in pool.map(lambda item: check_one(item, settings, tool), items):
            found.update(dict.fromkeys(offenders))
    return list(found)
