#!/usr/bin/env python3
"""Words that may not stand in the tree: paths of one machine, loose ends, sleeps in tests.

A test waits for a condition with a deadline. Where time itself is tested, or a condition is polled, the line (or the one
above it) says so with the mark `sleep-ok:` and the reason."""

import re

from common import finish, read, tracked

MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:work|home/\w+|root|Users|tmp/w)/\S*")
LOOSE_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|<<<<<<<|>>>>>>>")
SLEEP = re.compile(r"(?:^|[^\w.])(?:(?:us|nano|clock_nano)?sleep\s*\(|(?:time|asyncio)\.sleep\s*\(|sleep\s+[\d.$])")
TEXT = re.compile(r"\.(c|h|py|sh|cmake|txt|md|sql|toml|yaml|yml|json|xml|in|conf|pml|css|html|ts|tsx)$|/[a-z-]+$|^\.ci/")
# The lints name what they look for; catalog and licence are others' words.
SPARED = re.compile(r"^tests/lint/|^deploy/catalog/|^LICENSE|^tests/fuzz/corpus/|^tests/.*/recordings/")


def main():
    offenders = []
    for path in tracked():
        if SPARED.search(path) or not TEXT.search(path):
            continue
        above = ""
        for number, line in enumerate(read(path).splitlines(), 1):
            if MACHINE_PATH.search(line):
                offenders.append(f"{path}:{number}: a path of one machine: {MACHINE_PATH.search(line).group(0)}")
            if LOOSE_END.search(line):
                offenders.append(f"{path}:{number}: a loose end: {line.strip()[:80]}")
            if path.startswith("tests/") and SLEEP.search(line) and "sleep-ok:" not in line + above:
                offenders.append(f"{path}:{number}: a test sleeps: {line.strip()[:80]}")
            above = line
    finish("words", offenders)


main()
