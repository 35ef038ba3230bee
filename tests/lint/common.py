"""What the lints share: the files under git, source text without comments and strings, how a lint ends."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM_FOLDERS = ("common/", "gateway/", "billing/", "tenants/", "migrations/")

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def tracked(*patterns):
    """Paths relative to ROOT, of what git knows or would add; sorted."""
    out = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(p for p in set(out.split("\0")) if p and (ROOT / p).is_file())


def read(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def code_only(text, keep_strings=False):
    """The text with comments (and the inside of strings) blanked; lines and columns stay where they are."""
    def blank(match):
        word = match.group(0)
        if word[0] in "\"'":
            return word if keep_strings else word[0] + " " * (len(word) - 2) + word[-1]
        return re.sub(r"[^\n]", " ", word)
    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def finish(name, offenders):
    """Prints the offenders, or ok; ends with 1 if there are any."""
    for offender in offenders:
        print(offender)
    print(f"{name}: {len(offenders)} found" if offenders else f"{name}: ok")
    sys.exit(1 if offenders else 0)
