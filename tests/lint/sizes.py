#!/usr/bin/env python3
"""Size gates: functions of 70 lines (unit tests are tables and may be longer), complexity 15 (pmccabe, a switch counts
once), 6 parameters, nesting 3; .c files of 600 lines, headers of 120, the tests' Python files of 600."""

import re
import subprocess

from common import ROOT, code_only, finish, line_of, read, tracked

LINES, COMPLEXITY, PARAMETERS, NESTING = 70, 15, 6, 3
FILE_LINES = {".c": 600, ".h": 120, ".py": 600}
# A definition: a name at the left edge, parentheses, and the brace on its own line (Linux braces).
DEFINITION = re.compile(r"^(?![ \t#{}/])[^;{}=]*?\b(\w+)\(((?:[^(){};]|\([^(){};]*\))*)\)\s*\n\{\n(.*?)^\}", re.M | re.S)
CONTROL = re.compile(r"^( +)(?:\} else )?(if|for|while|switch|do)\b", re.M)


def parameters(text):
    depth, count = 0, 1
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        count += char == "," and depth == 0
    return 0 if text.strip() in ("", "void") else count


def check_lines(path):
    lines = read(path).count("\n")
    limit = FILE_LINES[path[path.rindex("."):]]
    if lines > limit:
        yield f"{path}: {lines} lines, at most {limit}"


def check_text(path):
    text = read(path)
    code = code_only(text)
    for match in DEFINITION.finditer(code):
        name, params, body = match.groups()
        where = f"{path}:{line_of(code, match.start(1))}: {name}"
        if parameters(params) > PARAMETERS:
            yield f"{where} has {parameters(params)} parameters, at most {PARAMETERS}"
        deepest = max((len(m.group(1)) // 4 for m in CONTROL.finditer(body)), default=0)
        if deepest > NESTING:
            yield f"{where} nests {deepest} deep, at most {NESTING}"


def check_functions(paths):
    out = subprocess.run(["pmccabe", *paths], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        complexity, _, _, _, lines, rest = line.split(None, 5)
        if int(lines) > LINES and not rest.startswith("tests/unit/"):
            yield f"{rest}: {lines} lines, at most {LINES}"
        if int(complexity) > COMPLEXITY:
            yield f"{rest}: complexity {complexity}, at most {COMPLEXITY}"


def main():
    offenders = []
    for path in tracked("*.c", "*.h"):
        offenders += check_text(path)
    for path in tracked("*.c", "*.h", "tests/*.py"):
        offenders += check_lines(path)
    sources = tracked("*.c")
    if sources:
        offenders += check_functions(sources)
    finish("sizes", offenders)


main()
