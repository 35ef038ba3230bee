#!/usr/bin/env python3
"""Words that may not stand in the tree: paths of one machine, how and by whom it was written, loose ends, sleeps in tests.

A test waits for a condition with a deadline. Where time itself is tested, or a condition is polled, the line (or the one
above it) says so with the mark `sleep-ok:` and the reason."""

import re

from common import finish, read, tracked

MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:work|home/\w+|root|Users|tmp/w)/\S*")
# Who reads the tree has the tree only: no notes between its authors, no folder beside it, no numbered issue.
WORKPLACE = re.compile(
    r"\.\./shared\b|\bworktrees?\b|\bsub-?agents?\b|\bco-authored-by\b|\bNOTE-FROM\b|\bBRIEF\.md\b|\bissues? show\b"
    r"|\b(?:next|this|last|previous) (?:issue|session)\b|\b(?:other|another|the) helper (?:does|writes|session)"
    r"|\bissue #?\d|\b(?:the lead|language model) (?:wrote|said|decided)\b|\b(?:design|style|libraries|faults)\.md\b", re.I)
LOOSE_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|<<<<<<<|>>>>>>>")
SLEEP = re.compile(r"(?:^|[^\w.])(?:(?:us|nano|clock_nano)?sleep\s*\(|(?:time|asyncio)\.sleep\s*\(|sleep\s+[\d.$])")
TEXT = re.compile(r"\.(c|h|py|sh|cmake|txt|md|sql|toml|yaml|yml|json|xml|in|conf|pml|css|html|ts|tsx)$|/[a-z-]+$|^\.ci/")
STRAY = re.compile(r"(^|/)(crash|leak|timeout|oom|slow-unit)-[0-9a-f]{16,}$|(^|/)NOTE|(^|/)(core|vgcore)(\.\d+)?$|\.(orig|rej|log|tmp|bak)$|~$|\.trail$")
# The lints name what they look for; catalog and licence are others' words.
SPARED = re.compile(r"^tests/lint/|^deploy/catalog/|^LICENSE|^tests/fuzz/corpus/|^tests/.*/recordings/")


def main():
    offenders = []
    for path in tracked():
        if STRAY.search(path):
            offenders.append(f"{path}: a stray file")
        if SPARED.search(path) or not TEXT.search(path):
            continue
        above = ""
        for number, line in enumerate(read(path).splitlines(), 1):
            if MACHINE_PATH.search(line):
                offenders.append(f"{path}:{number}: a path of one machine: {MACHINE_PATH.search(line).group(0)}")
            if WORKPLACE.search(line):
                offenders.append(f"{path}:{number}: a word of the workplace: {WORKPLACE.search(line).group(0)}")
            if LOOSE_END.search(line):
                offenders.append(f"{path}:{number}: a loose end: {line.strip()[:80]}")
            if path.startswith("tests/") and SLEEP.search(line) and "sleep-ok:" not in line + above:
                offenders.append(f"{path}:{number}: a test sleeps: {line.strip()[:80]}")
            above = line
    finish("words", offenders)


main()
