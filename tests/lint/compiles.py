"""Runs a tool once per file of compile_commands.json, two at a time, and skips what it found clean before.

A file counts as unchanged when its preprocessed text, its command and the tool's settings are the same."""

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
    for entry in sorted(entries, key=lambda e: e["file"]):
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
    mark = CACHE / key_of(path, words, settings)
    if mark.exists():
        return []
    offenders = tool(path, words)
    if not offenders:
        mark.touch()
    return offenders


def check_all(items, settings, tool):
    """The offenders of tool(path, words) over all items; every line once, since headers come again and again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for offenders in pool.map(lambda item: check_one(item, settings, tool), items):
            found.update(dict.fromkeys(offenders))
    return list(found)
